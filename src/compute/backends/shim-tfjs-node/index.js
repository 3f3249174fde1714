// danfojs-node asks for its own TensorFlow.js; two engines in one process would each own a copy of every kernel
// and mix tensors up, so it gets the project's. A missing addon throws here: never a silent run on another backend.
module.exports = require('@tensorflow/tfjs-node-gpu');
