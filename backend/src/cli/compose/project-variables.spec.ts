import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeContainers } from '../../../test/support/compose-containers.js';
import { resolveFromEnv } from '../../redis/config/index.js';
import { countServers, operatorEnvironment, variablesOf } from './project-variables.js';

let secrets: string;

beforeEach(() => {
  secrets = mkdtempSync(join(tmpdir(), 'secrets-'));
  for (const user of ['app', 'operator']) {
    mkdirSync(join(secrets, user));
    for (const side of ['redis', 'sentinel']) {
      writeFileSync(join(secrets, user, `${side}-password`), `${user}-${side}\n`);
    }
  }
});

afterEach(() => {
  rmSync(secrets, { recursive: true });
});

describe('the variables of a Compose project', () => {
  it('lead an application to it as the user app, by the ports that are published', () => {
    const variables = variablesOf(composeContainers({ secrets }));
    expect(variables).toMatchObject({
      REDIS_SENTINELS: '127.0.0.1:26379,127.0.0.1:26380,127.0.0.1:26381',
      REDIS_SENTINEL_MASTER_NAME: 'shop',
      REDIS_USERNAME: 'app',
      REDIS_SENTINEL_PASSWORD_FILE: join(secrets, 'app', 'sentinel-password'),
    });
    expect(variables['REDIS_NAT_MAP']).toContain('172.29.77.12:6379=127.0.0.1:6380');
    expect(resolveFromEnv(variables)).toMatchObject({
      options: { mode: 'sentinel' },
      warnings: [],
    });
  });

  it('have TLS to nodes and to Sentinels, and the certificate of the client where there is one', () => {
    for (const name of ['ca.crt', 'client.crt', 'client.key']) {
      writeFileSync(join(secrets, 'operator', name), '');
    }
    const variables = variablesOf(composeContainers({ secrets, isTls: true }), 'operator');
    for (const prefix of ['REDIS', 'REDIS_SENTINEL']) {
      expect(variables).toMatchObject({
        [`${prefix}_TLS`]: 'true',
        [`${prefix}_TLS_CA_FILE`]: join(secrets, 'operator', 'ca.crt'),
        [`${prefix}_TLS_CERT_FILE`]: join(secrets, 'operator', 'client.crt'),
        [`${prefix}_TLS_KEY_FILE`]: join(secrets, 'operator', 'client.key'),
      });
    }
  });

  it('are none where no Sentinel runs', () => {
    const stopped = ['sentinel-1', 'sentinel-2', 'sentinel-3'];
    expect(variablesOf(composeContainers({ secrets, stopped }))).toEqual({});
    expect(operatorEnvironment(composeContainers({ secrets, stopped }), {})).toBeNull();
    expect(countServers(composeContainers({ secrets, stopped }))).toEqual({
      ...{ nodes: 3, sentinels: 0 },
    });
  });
});

describe('the environment of this program for it', () => {
  const ELSEWHERE = {
    ...{ REDIS_HOST: 'elsewhere', REDIS_PASSWORD: 'a', REDIS_SENTINEL_PASSWORD: 'b' },
    ...{ REDIS_MODE: 'memory', REDIS_USERNAME: 'c', REDIS_ROUTING_READ_TIMEOUT_MS: '300' },
  };

  it('is that of the operator, whatever leads elsewhere', () => {
    const env = operatorEnvironment(composeContainers({ secrets }), ELSEWHERE) ?? {};
    expect(env).toMatchObject({
      ...{ REDIS_USERNAME: 'operator', REDIS_ROUTING_READ_TIMEOUT_MS: '300' },
    });
    for (const name of ['REDIS_HOST', 'REDIS_PASSWORD', 'REDIS_SENTINEL_PASSWORD', 'REDIS_MODE']) {
      expect(env).not.toHaveProperty(name);
    }
    expect(resolveFromEnv(env).options).toMatchObject({ mode: 'sentinel' });
  });

  it('keeps who one is where the containers do not say it', () => {
    const env = operatorEnvironment(composeContainers(), ELSEWHERE) ?? {};
    expect(env).toMatchObject({ REDIS_USERNAME: 'c', REDIS_PASSWORD: 'a' });
    expect(env).not.toHaveProperty('REDIS_HOST');
  });
});
