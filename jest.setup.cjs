/* global jest, TEST_TIMEOUT_MS */
jest.setTimeout(TEST_TIMEOUT_MS);
