export { type GpuCheck, type GpuCheckOptions, gpuCheck } from './check';
export { gpuCheckJson, gpuCheckText } from './report';
