// SPDX-License-Identifier: Apache-2.0
// Answers the lines of `keyproof simulate` with @cloud-copilot/iam-simulate instead, so that both can
// be compared: requests on stdin, one answer a line on stdout. With --time it also says on stderr how
// many decisions a second that was, reading and writing left out.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const [home, ...options] = process.argv.slice(2)
const { runSimulation, anonymousPrincipal } = createRequire(`${home}/`)('@cloud-copilot/iam-simulate')

const named = (policies) => (policies ?? []).map((policy, index) => ({ name: String(index), policy }))
const levels = (list) =>
  (list ?? []).map((policies, index) => ({ orgIdentifier: `level-${index}`, policies: named(policies) }))

function simulation(line) {
  const account = line.resource_account ?? line.resource.split(':')[4]
  return {
    request: {
      principal: line.principal === '*' ? anonymousPrincipal : line.principal,
      action: line.action,
      resource: { resource: line.resource, accountId: account },
      contextVariables: line.context ?? {},
    },
    identityPolicies: named(line.identity_policies),
    serviceControlPolicies: levels(line.scps),
    resourceControlPolicies: levels(line.rcps),
    resourcePolicy: line.resource_policy ?? undefined,
    sessionPolicy: line.session_policy ?? undefined,
    permissionBoundaryPolicies: line.permissions_boundaries?.length
      ? named(line.permissions_boundaries)
      : undefined,
    vpcEndpointPolicies: line.vpc_endpoint_policies?.length
      ? named(line.vpc_endpoint_policies)
      : undefined,
  }
}

let busy = 0n
let count = 0
for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text)
  const input = simulation(line)
  const started = process.hrtime.bigint()
  const outcome = await runSimulation(input, {})
  busy += process.hrtime.bigint() - started
  count += 1
  const answer = { id: line.id }
  if (outcome.resultType === 'error') {
    answer.error = JSON.stringify(outcome.errors)
  } else {
    answer.decision = outcome.overallResult === 'Allowed' ? 'allowed' : 'denied'
    answer.explicit = outcome.overallResult === 'ExplicitlyDenied'
    answer.ignored = outcome.result?.ignoredContextKeys ?? []
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
if (options.includes('--time')) {
  process.stderr.write(`${Math.round((count * 1e9) / Number(busy))}\n`)
}
