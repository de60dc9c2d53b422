/** What the administrator of kafkajs is asked to do against a broker. It knows no broker. */
import assert from 'node:assert/strict'
import type { Case } from './kafkajs-setting.ts'

const TOPIC = 2 // kafkajs's number for a topic among things that have settings

export const adminCases: readonly Case[] = [
  {
    name: 'admin > topics are made once, listed, described and deleted',
    run: async (setting) => {
      const admin = await setting.admin()
      const { topic } = setting
      const topics = [{ topic, numPartitions: 3 }]
      assert.equal(await admin.createTopics({ topics }), true)
      assert.equal(await admin.createTopics({ topics }), false, 'it is there already')
      assert.ok((await admin.listTopics()).includes(topic))
      const described = await admin.fetchTopicMetadata({ topics: [topic] })
      assert.deepEqual(
        described.topics.map(({ name, partitions }) => [name, partitions.length]),
        [[topic, 3]],
      )
      await admin.deleteTopics({ topics: [topic] })
      assert.ok(!(await admin.listTopics()).includes(topic))
      await assert.rejects(admin.deleteTopics({ topics: [topic] }), /does not host this topic/)
    },
  },
  {
    name: 'admin > a setting that cannot be kept is refused',
    run: async (setting) => {
      const admin = await setting.admin()
      const configEntries = [{ name: 'cleanup.policy', value: 'compact' }]
      const topics = [{ topic: setting.topic, configEntries }]
      await assert.rejects(admin.createTopics({ topics }))
      assert.ok(!(await admin.listTopics()).includes(setting.topic))
    },
  },
  {
    name: 'admin > offsets of a topic, and by time',
    run: async (setting) => {
      const producer = await setting.filled(1, [])
      const messages = [1_000, 2_000, 3_000].map((timeMs) => {
        return { value: `${timeMs}`, timestamp: `${timeMs}` }
      })
      await producer.send({ topic: setting.topic, messages })
      const admin = await setting.admin()
      const [offsets] = await admin.fetchTopicOffsets(setting.topic)
      assert.deepEqual([offsets?.low, offsets?.high, offsets?.offset], ['0', '3', '3'])
      const at = async (timeMs: number): Promise<string | undefined> => {
        return (await admin.fetchTopicOffsetsByTimestamp(setting.topic, timeMs))[0]?.offset
      }
      assert.deepEqual([await at(0), await at(1_001), await at(3_000)], ['0', '1', '2'])
      assert.equal(await at(9_000), '3', 'behind the last one')
    },
  },
  {
    name: 'admin > offsets of a group are set, reset and found',
    run: async (setting) => {
      const producer = await setting.filled(2, [])
      const messages = [0, 1].map((partition) => ({ value: 'x', partition }))
      await producer.send({ topic: setting.topic, messages })
      const admin = await setting.admin()
      const { topic, group: groupId } = setting
      const find = async (): Promise<string[]> => {
        const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
        const byIndex = [...(found?.partitions ?? [])].sort((a, b) => a.partition - b.partition)
        return byIndex.map(({ offset }) => offset)
      }
      assert.deepEqual(await find(), ['-1', '-1'])
      const partitions = [{ partition: 1, offset: '1' }]
      await admin.setOffsets({ groupId, topic, partitions })
      assert.deepEqual(await find(), ['-1', '1'])
      await admin.resetOffsets({ groupId, topic, earliest: true })
      assert.deepEqual(await find(), ['0', '0'])
    },
  },
  {
    name: 'admin > groups are listed and described',
    run: async (setting) => {
      await setting.filled(1, ['a'])
      const consumer = await setting.consumer()
      await consumer.subscribe({ topics: [setting.topic], fromBeginning: true })
      const joined = new Promise<void>((resolve) => {
        consumer.on(consumer.events.GROUP_JOIN, () => resolve())
      })
      await consumer.run({ eachMessage: async () => {} })
      await joined
      const admin = await setting.admin()
      const { groups } = await admin.listGroups()
      assert.ok(groups.some(({ groupId }) => groupId === setting.group))
      const described = await admin.describeGroups([setting.group])
      assert.deepEqual(
        described.groups.map(({ state, members }) => [state, members.length]),
        [['Stable', 1]],
      )
    },
  },
  {
    name: 'admin > the cluster is one broker, which is its controller',
    run: async (setting) => {
      const admin = await setting.admin()
      const { brokers, controller } = await admin.describeCluster()
      assert.deepEqual([brokers.length, controller], [1, 1])
    },
  },
  {
    name: 'admin > groups are deleted',
    run: async (setting) => {
      const admin = await setting.admin()
      await admin.deleteGroups([setting.group])
    },
  },
  {
    name: 'admin > partitions are added',
    run: async (setting) => {
      await setting.filled(1, [])
      const admin = await setting.admin()
      const topicPartitions = [{ topic: setting.topic, count: 2 }]
      assert.ok(await admin.createPartitions({ topicPartitions }))
    },
  },
  {
    name: 'admin > records are deleted',
    run: async (setting) => {
      await setting.filled(1, ['a', 'b'])
      const admin = await setting.admin()
      await admin.fetchTopicOffsets(setting.topic) // it looks for the leader without asking for it first
      const partitions = [{ partition: 0, offset: '1' }]
      await admin.deleteTopicRecords({ topic: setting.topic, partitions })
    },
  },
  {
    name: 'admin > settings are described',
    run: async (setting) => {
      await setting.filled(1, [])
      const admin = await setting.admin()
      const resources = [{ type: TOPIC, name: setting.topic }]
      await admin.describeConfigs({ resources, includeSynonyms: false })
    },
  },
]
