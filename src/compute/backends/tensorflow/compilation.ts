import { MstlabError } from '../../../core';
import type { Program, ProgramSignature } from '../../graph';
import type { CompiledProgram, XlaChoice } from '../types';
import { type CompiledPorts, lowerCompiled, notCompilable } from './lower-compiled';
import type { LoweredProgram, LoweringTarget } from './lower-program';

const LONGEST_REASON = 300;

/** What has become of giving one program to XLA: tried at its first run, and undone for good if that fails. */
export class Compilation {
  private proven = false;

  constructor(
    private readonly program: string,
    private ports: CompiledPorts | null,
    private reason: string | null,
  ) {}

  get state(): CompiledProgram {
    return { program: this.program, xla: this.proven, reason: this.proven ? null : this.reason };
  }

  /**
   * Runs the compiled program. If its first run fails, the plain one is run instead and the reason kept; variables are as they
   * were, because they are set behind the compiled part. Where the plain one fails too, the fault is in what was fed, its
   * error is thrown, and the next run tries again.
   */
  run<T>(plain: CompiledPorts, execute: (ports: CompiledPorts) => T): T {
    if (this.ports === null) return execute(plain);
    if (this.proven) return execute(this.ports);
    try {
      const result = execute(this.ports);
      this.proven = true;
      return result;
    } catch (error) {
      if (!(error instanceof MstlabError)) throw error;
      const result = execute(plain);
      this.ports = null;
      this.reason = `XLA could not compile it: ${firstLine(error)}`;
      return result;
    }
  }
}

/** Writes the compiled form of a program beside the plain one, where it is asked for and can be had. */
export function compilationOf(
  choice: XlaChoice,
  program: Program,
  signature: ProgramSignature,
  plain: LoweredProgram,
  into: LoweringTarget,
): Compilation {
  const without = (reason: string): Compilation => new Compilation(program.name, null, reason);
  if (choice === 'off') return without('xla is off');
  if (choice === 'auto' && !into.gpu) return without('xla is auto, and on a CPU the plain graph is taken');
  const obstacle = notCompilable(signature);
  if (obstacle !== null) return without(obstacle);
  try {
    return new Compilation(program.name, lowerCompiled(program, signature, plain, into), 'not run yet');
  } catch (error) {
    if (!(error instanceof MstlabError)) throw error;
    return without(firstLine(error));
  }
}

function firstLine(error: MstlabError): string {
  const { message } = error.cause instanceof Error ? error.cause : error;
  return message
    .replace(/^Session fail to run with error: /, '')
    .split('\n')[0]
    .slice(0, LONGEST_REASON);
}
