import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { FileFormatError } from '../../../src/core';

/** The connection file that a Jupyter client writes before it starts a kernel. */
const connectionSchema = z.object({
  transport: z.enum(['tcp', 'ipc']),
  ip: z.string(),
  shell_port: z.number().int(),
  iopub_port: z.number().int(),
  stdin_port: z.number().int(),
  control_port: z.number().int(),
  hb_port: z.number().int(),
  key: z.string(),
  signature_scheme: z.enum(['hmac-sha256', '']).optional(),
});

export type Connection = z.infer<typeof connectionSchema>;
export type Channel = 'shell' | 'iopub' | 'stdin' | 'control' | 'hb';

/** Reads and checks a connection file. Throws FileFormatError that names every field that is wrong. */
export function readConnection(path: string): Connection {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FileFormatError(
      `readConnection: a connection file must be readable JSON, got ${String(error)} (from ${path}). Start the kernel from a Jupyter client, which writes this file.`,
    );
  }
  const result = connectionSchema.safeParse(parsed);
  if (!result.success)
    throw new FileFormatError(
      `readConnection: a connection file must follow the Jupyter protocol, got ${result.error.issues
        .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
        .join('; ')} (from ${path}). Start the kernel from a Jupyter client, which writes this file.`,
    );
  return result.data;
}

/** The ZeroMQ address of one channel. */
export function addressOf(connection: Connection, channel: Channel): string {
  const port = connection[`${channel}_port`];
  return connection.transport === 'ipc' ? `ipc://${connection.ip}-${port}` : `tcp://${connection.ip}:${port}`;
}
