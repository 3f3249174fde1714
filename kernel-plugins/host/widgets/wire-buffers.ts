type Path = readonly (string | number)[];

/** State as JSON, and the bytes that stood in it with the places they came from (`buffer_paths` of the widget protocol). */
export interface SplitState {
  readonly state: Record<string, unknown>;
  readonly bufferPaths: readonly Path[];
  readonly buffers: readonly Uint8Array[];
}

/** Takes bytes out of a state: in an object their key goes, in a list null stands in their place. */
export function splitBuffers(state: Readonly<Record<string, unknown>>): SplitState {
  const bufferPaths: Path[] = [];
  const buffers: Uint8Array[] = [];
  const walk = (value: unknown, path: Path): unknown => {
    if (value instanceof Uint8Array) {
      bufferPaths.push(path);
      buffers.push(value);
      return null;
    }
    if (Array.isArray(value)) return value.map((item, at) => walk(item, [...path, at]));
    if (!isPlain(value)) return value;
    const kept: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      const walked = walk(item, [...path, key]);
      if (!(item instanceof Uint8Array)) kept[key] = walked;
    }
    return kept;
  };
  return { state: walk(state, []) as Record<string, unknown>, bufferPaths, buffers };
}

/** A state with its bytes put back; paths that lead nowhere are passed over, as what arrives may be anything. */
export function joinBuffers(
  state: Readonly<Record<string, unknown>>,
  bufferPaths: unknown,
  buffers: readonly Uint8Array[],
): Record<string, unknown> {
  const joined = structuredClone(state) as Record<string, unknown>;
  for (const [at, path] of (Array.isArray(bufferPaths) ? bufferPaths : []).entries()) {
    if (!Array.isArray(path) || path.length === 0 || buffers[at] === undefined) continue;
    let holder: unknown = joined;
    for (const key of path.slice(0, -1)) holder = isHolder(holder) && Object.hasOwn(holder, key) ? holder[key] : null;
    const last = path[path.length - 1];
    if (isHolder(holder) && last !== '__proto__') holder[last] = buffers[at];
  }
  return joined;
}

function isHolder(value: unknown): value is Record<string | number, unknown> {
  return value !== null && typeof value === 'object';
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== 'object') return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
