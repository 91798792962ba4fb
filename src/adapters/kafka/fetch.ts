import type Cluster from 'kafkajs/src/cluster/index.js';
import type { Broker } from 'kafkajs/src/cluster/index.js';
import { requests } from 'kafkajs/src/protocol/requests/index.js';
import { type Connections, READ_UNCOMMITTED } from './connection.ts';
import { readInt64 } from './record-batch.ts';

const FETCH = 1;

/** Error codes of a fetch that we treat each in its own way. */
export const FETCH_ERROR = { none: 0, offsetOutOfRange: 1, unknownTopic: 3, topicNotAuthorized: 29 } as const;

export interface FetchRequest {
  readonly topic: string;
  readonly wanted: readonly { readonly partition: number; readonly offset: number }[];
  readonly maxWaitMs: number;
}

export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly endOffset: number;
  /** −1 where the broker does not tell. */
  readonly startOffset: number;
  /** A view of the response. */
  readonly bytes: Buffer;
}

export interface Fetched {
  readonly partitions: readonly FetchedPartition[];
  /** Nobody reads the response any more: its memory may be used again. Without it, it is collected some day. */
  release(): void;
}

/** A partition cannot be read now: its leader moved, its disk failed, … Asking again, perhaps elsewhere, may help. */
export class FetchFault extends Error {
  readonly errorCode: number;

  constructor({ partition, errorCode }: FetchedPartition) {
    const what = errorCode === FETCH_ERROR.unknownTopic ? 'does not exist' : `answers with error ${errorCode}`;
    super(`partition ${partition} ${what}`);
    this.errorCode = errorCode;
  }
}

/** Asks one broker for records of partitions that it leads. Resolves with nothing after `maxWaitMs` where there are none. */
export async function fetchFrom(
  { tuning, bodies }: Pick<Connections, 'tuning' | 'bodies'>,
  cluster: Cluster,
  nodeId: string,
  { topic, wanted, maxWaitMs }: FetchRequest,
): Promise<Fetched> {
  const broker = await cluster.findBroker({ nodeId });
  const build = broker.lookupRequest(FETCH, requests.Fetch);
  const { request } = build({
    maxWaitTime: maxWaitMs,
    minBytes: 1,
    maxBytes: tuning.fetchBytesMax,
    isolationLevel: READ_UNCOMMITTED,
    topics: [
      {
        topic,
        partitions: wanted.map(({ partition, offset }) => ({
          partition,
          fetchOffset: String(offset),
          maxBytes: tuning.partitionBytesMax,
        })),
      },
    ],
  });
  const decode = async (raw: Buffer) => {
    const body = bodies.take(raw);
    return { ...new FetchResponse(body, request.apiVersion).read(), release: () => bodies.memory.give(body) };
  };
  const response = { decode, parse: async (decoded: unknown) => decoded };
  const requestTimeout = maxWaitMs + tuning.requestTimeoutMs;
  const answer = await send(broker, { request, response, requestTimeout, logResponseError: false });
  return answer as Fetched;
}

async function send(broker: Broker, request: Parameters<Broker['connectionPool']['send']>[0]): Promise<unknown> {
  try {
    return await broker.connectionPool.send(request);
  } catch (error) {
    if ((error as Error).name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw error;
  }
}

interface Decoded {
  readonly clientSideThrottleTime: number;
  readonly partitions: FetchedPartition[];
}

/** A fetch response of versions 4 to 11. */
class FetchResponse {
  readonly #bytes: Buffer;
  readonly #version: number;
  #at = 0;

  constructor(bytes: Buffer, version: number) {
    this.#bytes = bytes;
    this.#version = version;
  }

  read(): Decoded {
    const throttle = this.#int32();
    if (this.#version >= 7) this.#at += 2 + 4; // error code and id of a fetch session; we open none
    const partitions: FetchedPartition[] = [];
    for (let topics = this.#int32(); topics > 0; topics--) {
      const nameLength = this.#int16();
      this.#at += nameLength;
      for (let left = this.#int32(); left > 0; left--) partitions.push(this.#partition());
    }
    return { clientSideThrottleTime: this.#version >= 8 ? throttle : 0, partitions };
  }

  #partition(): FetchedPartition {
    const partition = this.#int32();
    const errorCode = this.#int16();
    const endOffset = this.#int64();
    this.#at += 8; // last stable offset
    const startOffset = this.#version >= 5 ? this.#int64() : -1;
    const aborted = this.#int32(); // transactions; we read uncommitted
    this.#at += 16 * Math.max(0, aborted);
    if (this.#version >= 11) this.#at += 4; // preferred replica: we named no rack
    const length = Math.max(0, this.#int32());
    const start = this.#at;
    this.#at += length;
    return { partition, errorCode, endOffset, startOffset, bytes: this.#bytes.subarray(start, this.#at) };
  }

  #int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  #int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  #int64(): number {
    this.#at += 8;
    return readInt64(this.#bytes, this.#at - 8);
  }
}
