# SPDX-License-Identifier: Apache-2.0
"""What stands between a queue or a stream and a function: Lambda's event source mappings.

They poll when they are told to, so that a test decides what happens when. Whatever a mapping delivers, and how
often, it does as AWS documents: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and
https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from conftest import REGION
from lambda_runtime import FunctionError


class QueueMapping:
    """An SQS queue that feeds a function, with `ReportBatchItemFailures`. `twice` delivers each batch again after
    it succeeded, as a standard queue may."""

    def __init__(self, sqs, url, function, batch_size=10):
        self.sqs, self.url, self.function, self.batch_size, self.twice = sqs, url, function, batch_size, False
        names = ["QueueArn"]
        self.arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]["QueueArn"]

    def poll(self):
        """Delivers one batch of what is visible: how many messages, and the bodies of those that failed."""
        messages = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=self.batch_size,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
            # A failed message is seen again when the test says so, and not by the next poll.
            VisibilityTimeout=900,
        ).get("Messages", [])
        if not messages:
            return 0, []
        for _ in range(2 if self.twice else 1):
            answer = self.function.invoke({"Records": [self.record(message) for message in messages]})
        failed = {failure["itemIdentifier"] for failure in (answer or {}).get("batchItemFailures", [])}
        unknown = failed - {message["MessageId"] for message in messages}
        assert not unknown, f"{self.function.name} failed messages that it was not given: {unknown}"
        for message in messages:
            if message["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return len(messages), [message["Body"] for message in messages if message["MessageId"] in failed]

    def drain(self):
        """Delivers until nothing is visible; no message may fail."""
        total = 0
        while True:
            count, failed = self.poll()
            assert not failed, f"{failed}\n{self.function.tail()}"
            if not count:
                return total
            total += count

    def record(self, message):
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
            "awsRegion": REGION,
        }


class StreamMapping:
    """A DynamoDB stream that feeds a function: filtered, in order, retried from the first failure on.

    `batch_size` splits what is there; `twice` delivers each batch again after it succeeded, as a mapping may;
    `between` is called before each delivery, with its records, to break and mend things.
    """

    def __init__(self, streams, stream_arn, function, wanted):
        self.streams, self.arn, self.function, self.wanted = streams, stream_arn, function, wanted
        shards = streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]["Shards"]
        self.iterator = streams.get_shard_iterator(
            StreamArn=stream_arn, ShardId=shards[0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        self.batch_size, self.twice, self.between = 100, False, lambda _: None
        self.deliveries, self.failures = 0, 0

    def read(self):
        """The new records that pass the filter."""
        records = []
        while True:
            page = self.streams.get_records(ShardIterator=self.iterator, Limit=1000)
            self.iterator = page["NextShardIterator"]
            if not page["Records"]:
                return records
            records += [record for record in map(self.record, page["Records"]) if self.wanted(record)]

    def drain(self, most=50):
        """Delivers everything that is new: how many records."""
        records = self.read()
        for start in range(0, len(records), self.batch_size):
            batch = records[start : start + self.batch_size]
            self.deliver(batch, most)
            if self.twice:
                self.deliver(batch, most)
        return len(records)

    def deliver(self, batch, most):
        """One batch to its end: after a failure, from the lowest failed sequence number on."""
        for _ in range(most):
            if not batch:
                return
            self.between(batch)
            self.deliveries += 1
            try:
                answer = self.function.invoke({"Records": batch})
            except FunctionError:
                self.failures += 1
                continue  # the whole batch again
            failed = [failure["itemIdentifier"] for failure in (answer or {}).get("batchItemFailures", [])]
            if not failed:
                return
            self.failures += 1
            numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
            unknown = [number for number in failed if number not in numbers]
            assert not unknown, f"{self.function.name} failed records that it was not given: {unknown}"
            batch = batch[min(numbers.index(number) for number in failed) :]
        raise AssertionError(f"a batch still fails after {most} deliveries:\n{self.function.tail()}")

    def record(self, record):
        """A record as Lambda hands it on: the time in seconds, the stream beside it."""
        change = dict(record["dynamodb"])
        created = change.get("ApproximateCreationDateTime")
        if created is not None:
            change["ApproximateCreationDateTime"] = created.timestamp()
        return {name: record[name] for name in ("eventID", "eventName", "eventVersion", "eventSource", "awsRegion")} | {
            "dynamodb": change,
            "eventSourceARN": self.arn,
        }
