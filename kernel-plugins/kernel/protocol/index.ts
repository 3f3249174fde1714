export { addressOf, type Channel, type Connection, readConnection } from './connection';
export { type Content, decodeMessage, encodeMessage, type Header, type Message, newHeader } from './message';
export { bindSockets, type KernelSockets, SendQueue } from './sockets';
