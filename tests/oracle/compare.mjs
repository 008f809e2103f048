// SPDX-License-Identifier: Apache-2.0
// compare.mjs REQUESTS OURS THEIRS: at least 99.95 % of the decisions have to be the same, explicit or
// not included. compare.mjs --differences CASES OURS THEIRS: each case has to come out as written.
import { readFileSync } from 'node:fs'

const lines = (path) => readFileSync(path, 'utf8').split('\n').filter(Boolean).map((text) => JSON.parse(text))
const verdict = (answer) =>
  answer.error ? `error: ${answer.error}` : `${answer.decision}${answer.explicit ? ' explicitly' : ''}`

const is = (found, written) => (written === 'error' ? found.startsWith('error') : found === written)

function compareRequests(requestsPath, oursPath, theirsPath) {
  const [requests, ours, theirs] = [lines(requestsPath), lines(oursPath), lines(theirsPath)]
  if (requests.length !== ours.length || requests.length !== theirs.length || requests.length === 0) {
    console.error(`oracle: ${requests.length} requests, ${ours.length} and ${theirs.length} answers`)
    return 1
  }
  const tally = {}
  let same = 0
  requests.forEach((request, index) => {
    const [own, other] = [verdict(ours[index]), verdict(theirs[index])]
    tally[own] = (tally[own] ?? 0) + 1
    if (own === other && !ours[index].error) same += 1
    else console.log(`differs: ${own} | ${other} | ${JSON.stringify(request)}`)
  })
  const share = same / requests.length
  console.log(`oracle: ${same} of ${requests.length} decisions agree (${(share * 100).toFixed(3)} %)`)
  console.log(`oracle: ${JSON.stringify(tally)}`)
  return share >= 0.9995 ? 0 : 1
}

function compareDifferences(casesPath, oursPath, theirsPath) {
  const cases = JSON.parse(readFileSync(casesPath, 'utf8'))
  const [ours, theirs] = [lines(oursPath), lines(theirsPath)]
  let wrong = 0
  cases.forEach((written, index) => {
    const [own, other] = [verdict(ours[index]), verdict(theirs[index])]
    if (!is(own, written.ours) || !is(other, written.theirs)) {
      wrong += 1
      console.log(`${written.class}: written ${written.ours} | ${written.theirs}, found ${own} | ${other}`)
    }
  })
  console.log(`oracle: ${cases.length - wrong} of ${cases.length} written differences are as written`)
  return wrong === 0 ? 0 : 1
}

const [first, ...rest] = process.argv.slice(2)
process.exitCode = first === '--differences' ? compareDifferences(...rest) : compareRequests(first, ...rest)
