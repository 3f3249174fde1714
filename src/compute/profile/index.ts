export { type MachineLimits, machineLimits } from './limits';
export { type Product, productFlops, productsOf } from './products';
export { type OpKind, type OpProfile, type ProgramProfile, profileProgram } from './profile';
