// Preloaded with `node --import`: packages named in WITHOUT_PACKAGE are not there for this process.
import Module from 'node:module';

const missing = new Set((process.env.WITHOUT_PACKAGE ?? '').split(','));
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  if (missing.has(request)) {
    const error = new Error(`Cannot find module '${request}'`);
    error.code = 'MODULE_NOT_FOUND';
    throw error;
  }
  return resolve.call(this, request, ...rest);
};
