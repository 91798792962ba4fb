import { connect, type Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';
import createSocketFactory from 'kafkajs/src/network/socketFactory.js';
import { AnswerCutter } from './answer-cutter.ts';
import type { FetchBodies } from './fetch-bodies.ts';

const KEEP_ALIVE_MS = 60_000;
/** Request: size i32, API key i16, version i16, correlation id i32. Answer: size i32, correlation id i32, body. */
const API_KEY_AT = 4;
const REQUEST_ID_AT = 8;
const ANSWER_ID_AT = 4;
const BODY_AT = 8;
const FETCH = 1;

/**
 * Sockets for kafkajs' connections. It is handed each answer of a broker whole, and for an answer to a fetch a token, which stands
 * for the body where it was read. Under TLS sockets are kafkajs' own.
 */
export function brokerSockets(bodies: FetchBodies): ISocketFactory {
  const openOther = createSocketFactory();
  // While a broker hangs, kafkajs closes a connecting socket again and again, and Node warns on the console of each.
  return (options) => (options.ssl ? openOther(options) : openPlain(options, bodies)).setMaxListeners(0);
}

function openPlain({ host, port, onConnect }: Parameters<ISocketFactory>[0], bodies: FetchBodies): Socket {
  const number = bodies.open();
  let fetchId: number | null = null;
  const takeMemory = (size: number) => (fetchId === null ? Buffer.allocUnsafeSlow(size) : bodies.memory.take(size));
  const cutter = new AnswerCutter(takeMemory, (answer) => {
    const isFetch = fetchId !== null && answer.length >= BODY_AT && answer.readInt32BE(ANSWER_ID_AT) === fetchId;
    socket.emit('data', isFetch ? tokenAnswer(answer, bodies, number) : answer);
  });
  const callback = (bytes: number): boolean => {
    try {
      cutter.wrote(bytes);
    } catch (error) {
      socket.destroy(error as Error);
    }
    return true;
  };
  const socket = connect({ host, port, onread: { buffer: () => cutter.room(), callback } }, onConnect);
  const write = socket.write.bind(socket) as (bytes: Buffer, encoding: BufferEncoding) => boolean;
  socket.write = ((request: Buffer, encoding: BufferEncoding) => {
    if (request.length > REQUEST_ID_AT + 4 && request.readInt16BE(API_KEY_AT) === FETCH) {
      fetchId = request.readInt32BE(REQUEST_ID_AT);
    }
    return write(request, encoding);
  }) as Socket['write'];
  socket.once('close', () => bodies.close(number));
  return socket.setKeepAlive(true, KEEP_ALIVE_MS);
}

/** The same answer with a token for its body. */
function tokenAnswer(answer: Buffer, bodies: FetchBodies, socket: number): Buffer {
  const token = bodies.put(socket, answer.subarray(BODY_AT));
  const small = Buffer.alloc(BODY_AT + token.length);
  small.writeInt32BE(small.length - ANSWER_ID_AT);
  answer.copy(small, ANSWER_ID_AT, ANSWER_ID_AT, BODY_AT);
  token.copy(small, BODY_AT);
  return small;
}
