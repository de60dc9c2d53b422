/** What kafkajs cannot do against this broker, each with its reason. It may only shrink. */

const idempotence = 'idempotent producers are not served yet, and not advertised'

export const expectedFailures: ReadonlyMap<string, string> = new Map([
  ['producer > idempotent', idempotence],
  ['producer > transactional', 'transactions are not served yet, and not advertised'],
  ['admin > groups are deleted', 'DeleteGroups is not served yet'],
  ['admin > partitions are added', 'CreatePartitions is not served yet'],
  ['admin > records are deleted', 'DeleteRecords is not served yet'],
  ['admin > settings are described', 'DescribeConfigs is not served yet'],
])
