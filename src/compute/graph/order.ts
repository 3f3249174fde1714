import type { Value } from './value';

/**
 * Every value reachable from `roots`, each after its inputs. Iterative (a training step has over 10,000 values, deeper than
 * the call stack) and deterministic: depth first, inputs from left to right, roots in the order given.
 * Neither the values in `outside` nor what only they need are listed.
 */
export function topologicalOrder(roots: readonly Value[], outside: Iterable<Value> = []): Value[] {
  const done = new Set<Value>(outside);
  const order: Value[] = [];
  for (const root of roots) {
    const stack: { value: Value; next: number }[] = done.has(root) ? [] : [{ value: root, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.value.inputs.length) {
        const input = top.value.inputs[top.next++];
        if (!done.has(input)) stack.push({ value: input, next: 0 });
      } else {
        stack.pop();
        if (!done.has(top.value)) {
          done.add(top.value);
          order.push(top.value);
        }
      }
    }
  }
  return order;
}
