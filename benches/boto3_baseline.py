# SPDX-License-Identifier: Apache-2.0
"""What one would write with boto3 in place of keyproof: assume each role, read, note what came of it.

usage: boto3_baseline.py ENDPOINT ROLES READS CONCURRENCY

Prints the number of reads that brought an item, and the seconds that roles and reads took: not
those that Python and boto3 take to start.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

KEY = {"pk": {"S": "keyproof#canary"}}


def main(endpoint: str, roles: int, reads: int, concurrency: int) -> None:
    settings = {
        "endpoint_url": endpoint,
        "region_name": "us-east-1",
        "config": Config(max_pool_connections=max(10, concurrency)),
    }
    start = time.perf_counter()
    sts = boto3.client("sts", **settings)
    clients = []
    for number in range(roles):
        # One after another: boto3.client() must not be called by several threads at once.
        session = sts.assume_role(
            RoleArn=f"arn:aws:iam::111122223333:role/keyproof/r{number}",
            RoleSessionName="baseline",
        )["Credentials"]
        clients.append(
            boto3.client(
                "dynamodb",
                aws_access_key_id=session["AccessKeyId"],
                aws_secret_access_key=session["SecretAccessKey"],
                aws_session_token=session["SessionToken"],
                **settings,
            )
        )

    def read(number: int) -> bool:
        try:
            return "Item" in clients[number % roles].get_item(TableName="orders", Key=KEY)
        except ClientError:
            return False

    with ThreadPoolExecutor(concurrency) as pool:
        found = sum(pool.map(read, range(reads)))
    print(found, f"{time.perf_counter() - start:.3f}")


if __name__ == "__main__":
    main(sys.argv[1], *(int(argument) for argument in sys.argv[2:5]))
