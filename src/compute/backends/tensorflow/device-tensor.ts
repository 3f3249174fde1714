import type { DType, Shape } from '../../graph';
import type { DeviceTensor } from '../types';
import type { Addon } from './addon';

/** A tensor that TensorFlow holds for its uploader. Sessions that were assigned it keep the buffer alive on their own. */
export class TensorflowTensor implements DeviceTensor {
  private disposed = false;

  constructor(
    private readonly addon: Addon,
    readonly handle: number,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.addon.deleteTensor(this.handle);
  }
}
