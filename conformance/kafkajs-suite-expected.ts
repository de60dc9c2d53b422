/** The tests of kafkajs that fail against this broker, each with its reason. It may only shrink. */

const transactions = 'transactions are not served yet'
const idempotence = 'idempotent producers are not served yet'
const oneBroker = 'it wants three brokers, and this is one'
const brokerZero = 'it wants a broker with the number 0, and ours has the number 1'
const address = 'it wants the broker to call itself localhost'
const earliest =
  'a group that is reset to the earliest record has its offset, not a -2 to be resolved later'
const records = 'DeleteRecords is not served yet'
const described = 'DescribeConfigs is not served yet'
const settings = 'settings of topics are not kept yet'
const oldVersion = 'ListOffsets version 0 is of Kafka before 0.10.1, and gone from Kafka 4'

export const expectedFailures: ReadonlyMap<string, string> = new Map([
  [
    'admin/fetchOffsets > Admin fetchOffsets when used with the resolvedOffsets option reset to earliest: returns earliest *topic* offsets after resolving',
    earliest,
  ],
  [
    'admin/createTopics > Admin createTopics creating topic with manual replica assignment',
    oneBroker,
  ],
  [
    'admin/describeCluster > Admin describeCluster retrieves metadata for all brokers in the cluster',
    oneBroker,
  ],
  [
    'admin/fetchOffsets > Admin fetchOffsets when used with the resolvedOffsets option will return the correct earliest offset when it is greater than 0',
    records,
  ],
  [
    'admin/resetOffsets > Admin resetOffsets set the consumer group offsets to the earliest offsets',
    earliest,
  ],
  [
    'broker/createTopics > Broker > createTopics should use the default replication factor and num partitions if not specified',
    described,
  ],
  [
    'broker/fetch > Broker > Fetch transactional returns transactional messages immediately for an isolation level of "read_uncommitted"',
    transactions,
  ],
  [
    'broker/fetch > Broker > Fetch transactional returns transactional messages only after transaction has ended for an isolation level of "read_committed" (default)',
    transactions,
  ],
  ['broker/findGroupCoordinator > Broker > FindGroupCoordinator request', address],
  ['broker/listOffsets > Broker > ListOffsets v0 request', oldVersion],
  ['broker/metadata > Broker > Metadata request', address],
  [
    'broker/produce > Broker > Produce Record batch request to a topic with max timestamp difference configured',
    settings,
  ],
  ['broker/produce > Broker > Produce Record batch request with idempotent producer', idempotence],
  [
    'cluster/brokerPool > Cluster > BrokerPool #refreshMetadata cleans up unused brokers',
    oneBroker,
  ],
  [
    'cluster/brokerPool > Cluster > BrokerPool #refreshMetadata includes the seed broker into the broker pool',
    address,
  ],
  [
    'cluster/brokerPool > Cluster > BrokerPool #refreshMetadata updates the list of brokers',
    oneBroker,
  ],
  [
    'cluster/brokerPool > Cluster > BrokerPool #refreshMetadata when replacing nodeIds with different host/port/rack replaces the broker when the host change',
    brokerZero,
  ],
  [
    'cluster/brokerPool > Cluster > BrokerPool #refreshMetadata when replacing nodeIds with different host/port/rack replaces the broker when the port change',
    brokerZero,
  ],
  [
    'cluster/brokerPool > Cluster > BrokerPool #refreshMetadata when replacing nodeIds with different host/port/rack replaces the broker when the rack change',
    brokerZero,
  ],
  [
    'cluster/brokerPool > Cluster > BrokerPool #removeBroker erases metadataExpireAt to force a metadata refresh',
    oneBroker,
  ],
  [
    'cluster/brokerPool > Cluster > BrokerPool #removeBroker removes the broker by host and port',
    oneBroker,
  ],
  [
    'cluster/brokerPool > Cluster > BrokerPool #removeBroker replaces the seed broker if it is the target broker',
    oneBroker,
  ],
  [
    'cluster/findBroker > Cluster > findBroker refresh metadata on KafkaJSConnectionError Connection Timeout',
    brokerZero,
  ],
  [
    'cluster/findBroker > Cluster > findBroker refresh metadata on KafkaJSConnectionError ECONNREFUSED',
    brokerZero,
  ],
  ['cluster/findBroker > Cluster > findBroker refresh metadata on lock timeout', brokerZero],
  [
    'cluster/findGroupCoordinator > Cluster > findGroupCoordinator attempt to find coordinator across all brokers until one is found',
    oneBroker,
  ],
  [
    'cluster/findGroupCoordinator > Cluster > findGroupCoordinator find the coordinator if transactional',
    transactions,
  ],
  [
    'cluster/findGroupCoordinator > Cluster > findGroupCoordinator refresh the metadata and try again in case of broker not found',
    oneBroker,
  ],
  [
    'consumer/consumeMessages > Consumer transactions accepts messages from an idempotent producer',
    idempotence,
  ],
  [
    'consumer/consumeMessages > Consumer transactions accepts messages from committed transactions',
    transactions,
  ],
  [
    'consumer/consumeMessages > Consumer transactions does not receive aborted messages',
    transactions,
  ],
  [
    'consumer/consumeMessages > Consumer transactions does not respect offsets sent by an aborted transaction ("consume-transform-produce" flow)',
    transactions,
  ],
  [
    'consumer/consumeMessages > Consumer transactions receives aborted messages for an isolation level of READ_UNCOMMITTED',
    transactions,
  ],
  [
    'consumer/consumeMessages > Consumer transactions respects offsets sent by a committed transaction ("consume-transform-produce" flow)',
    transactions,
  ],
])
