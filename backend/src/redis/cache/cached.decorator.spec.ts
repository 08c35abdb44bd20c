import { Injectable, Module, SetMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheRig, type CacheProcess } from '../../../test/support/cache-rig.js';
import { outcomeOf } from '../../../test/support/outcomes.js';
import { Cached } from './cached.decorator.js';
import { RedisCache } from './redis-cache.js';

type AnyDecorator = (...args: unknown[]) => unknown;

const OTHER = Symbol('other cache');
const calls: string[] = [];

@Injectable()
class Helper {
  readonly greeting = 'Hello';
}

@Injectable()
class Users {
  constructor(private readonly helper: Helper) {}

  @Cached()
  async find(id: number): Promise<string> {
    calls.push(`find ${String(id)}`);
    return `${this.helper.greeting} ${String(id)}`;
  }

  @Cached({
    namespace: 'users',
    key: (id: number) => `user:${String(id)}`,
    ttlMs: 5,
    tags: (value: string) => [value],
  })
  @SetMetadata('role', 'reader')
  async load(id: number): Promise<string> {
    return `loaded ${String(id)}`;
  }

  @Cached({ cache: OTHER })
  async elsewhere(): Promise<string> {
    return 'elsewhere';
  }
}

@Injectable()
class Admins extends Users {
  @Cached({ key: () => 'own' })
  override async find(id: number): Promise<string> {
    return `admin ${String(id)}`;
  }
}

abstract class Repository {
  abstract readonly table: string;

  @Cached()
  async first(id: number): Promise<string> {
    return `${this.table}:${String(id)}`;
  }
}

@Injectable()
class UserRows extends Repository {
  override readonly table = 'users';
}

@Injectable()
class OrderRows extends Repository {
  override readonly table = 'orders';

  @Cached()
  override async first(id: number): Promise<string> {
    return `first of ${await super.first(id)}`;
  }
}

/** Another class of the name that one above has. */
function namesake(): new () => { find(id: number): Promise<string> } {
  @Injectable()
  class Users {
    @Cached()
    async find(id: number): Promise<string> {
      return `another ${String(id)}`;
    }
  }
  return Users;
}

@Injectable()
class Named {
  @Cached({ name: 'people.find' })
  async find(id: number): Promise<string> {
    return `person ${String(id)}`;
  }
}

@Injectable()
class Qz {
  @Cached()
  async find(): Promise<string> {
    return 'shortened';
  }
}

const Namesake = namesake();

describe('@Cached', () => {
  let rig: CacheRig;
  let one: CacheProcess;
  let other: CacheProcess;
  let close: () => Promise<void>;
  let users: Users;
  let admins: Admins;
  let get: <T>(type: new (...args: never[]) => T) => T;

  beforeEach(async () => {
    calls.length = 0;
    rig = new CacheRig();
    one = rig.start();
    other = rig.start();

    @Module({
      providers: [
        Helper,
        Users,
        Admins,
        UserRows,
        OrderRows,
        Named,
        Qz,
        Namesake,
        { provide: RedisCache, useValue: one.cache },
        { provide: OTHER, useValue: other.cache },
      ],
    })
    class CachedModule {}

    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
    const app = await NestFactory.createApplicationContext(CachedModule, { logger: false });
    close = () => app.close();
    users = app.get(Users);
    admins = app.get(Admins);
    get = (type) => app.get(type);
  });
  afterEach(async () => {
    await close();
    await rig.close();
  });

  it('answers from the cache, with what the class has otherwise', async () => {
    expect(await users.find(1)).toBe('Hello 1');
    expect(await users.find(1)).toBe('Hello 1');
    expect(await users.find(2)).toBe('Hello 2');
    expect(calls).toEqual(['find 1', 'find 2']);
    expect(await one.cache.get('Users.find:[1]')).toBe('Hello 1');
  });

  it('gives all objects of one class the same values', async () => {
    const another: Users = Object.assign(Object.create(Users.prototype), users);
    expect(await users.find(1)).toBe('Hello 1');
    expect(await another.find(1)).toBe('Hello 1');
    expect(calls).toEqual(['find 1']);
  });

  it('uses a namespace, a key, tags and a life of its own', async () => {
    await users.load(7);
    expect(one.behind('users').drafts).toMatchObject([
      { key: 'user:7', draft: { freshMs: 5, groups: ['loaded 7'] } },
    ]);
  });

  it('uses another cache where there are several', async () => {
    await users.elsewhere();
    expect(other.behind().drafts).toHaveLength(1);
    expect(one.behind().drafts).toHaveLength(0);
  });

  it('works in a class that inherits, also where it overrides', async () => {
    expect(await admins.find(1)).toBe('admin 1');
    expect(await admins.load(1)).toBe('loaded 1');
    expect(await one.cache.get('own')).toBe('admin 1');
  });

  it('keeps the values of classes apart that inherit one method', async () => {
    expect(await get(UserRows).first(1)).toBe('users:1');
    expect(await get(OrderRows).first(1)).toBe('first of orders:1');
    expect(await get(UserRows).first(1)).toBe('users:1');
    expect(one.behind().drafts.map(({ key }) => key)).toEqual([
      'UserRows(Repository).first:[1]',
      'OrderRows(Repository).first:[1]',
      'OrderRows.first:[1]',
    ]);
  });

  it('refuses a class of a name that another class has in the same namespace', async () => {
    expect(await users.find(1)).toBe('Hello 1');
    const { code, error } = await outcomeOf(get(Namesake).find(1));
    expect(code).toBe('INVALID_ARGUMENT');
    expect(String(error)).toContain('Users.find');
  });

  it('refuses the name of a class that a bundler may have given', async () => {
    expect((await outcomeOf(get(Qz).find())).code).toBe('INVALID_ARGUMENT');
  });

  it('takes a name that stays', async () => {
    await get(Named).find(1);
    expect(await one.cache.get('people.find:[1]')).toBe('person 1');
  });

  it('keeps what other decorators left on the method, and its name', () => {
    expect(Reflect.getMetadata('role', Users.prototype.load)).toBe('reader');
    expect(Users.prototype.load.name).toBe('load');
  });

  it('says what is wrong when Nest did not make the object', async () => {
    const { code, error } = await outcomeOf(new Users(new Helper()).find(1));
    expect(code).toBe('INVALID_ARGUMENT');
    expect(String(error)).toContain('@Cached Users.find');
    expect(String(error)).toContain('List the class in the providers of a module');
    const lost = Users.prototype.find.bind(undefined as never);
    expect((await outcomeOf(lost(1))).code).toBe('INVALID_ARGUMENT');
  });

  it('says what is wrong with options where they are written, and with arguments at the call', async () => {
    expect(() => Cached({ ttlMs: 0 })).toThrow('ttlMs = 0');
    expect(() => Cached({ tags: [''] })).toThrow('tag');
    expect(() => Cached({ policy: 'cache' } as never)).toThrow('is not an option');
    expect(() => Cached({ tags: () => [] })).not.toThrow();
    expect((await outcomeOf(users.find(NaN))).code).toBe('INVALID_ARGUMENT');
  });

  // What a compiler of types alone would notice, and SWC, esbuild and plain JavaScript do not.
  it.each<[string, string, (decorator: AnyDecorator) => unknown]>([
    ['a getter', '@Cached Users.nothing', (cached) => cached(Users.prototype, 'nothing', {})],
    ['a property', '@Cached Users.find', (cached) => cached(Users.prototype, 'find')],
    ['a class', '@Cached Users', (cached) => cached(Users)],
  ])('decorates nothing but methods, and says so: %s', (_, field, decorate) => {
    const outcome = thrownBy(() => decorate(Cached() as AnyDecorator));
    expect(outcome).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(String(outcome)).toContain(
      `${field} = (not set): only a method can be decorated with @Cached. Write an async method`,
    );
  });

  it('says that its parentheses are missing, instead of caching nothing', () => {
    const descriptor = Object.getOwnPropertyDescriptor(Users.prototype, 'find');
    const without = Cached as unknown as AnyDecorator;
    const outcome = thrownBy(() => without(Users.prototype, 'find', descriptor));
    expect(outcome).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(String(outcome)).toContain(
      '@Cached Users.find = (not set): has no parentheses. Write @Cached()',
    );
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
