// @ts-check
// The root folder of an image that is made of programs of this machine, with the libraries that they are linked with.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { chmod, chown, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const FOLDERS = ['bin', 'etc', 'tmp', 'run', 'proc', 'sys', 'dev', 'root', 'var/lib'];
// The C library loads these by name when it looks up a host: they are in nobody's list of libraries.
const RESOLVERS = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

/**
 * Where a program is, or undefined.
 * @param {string} name
 */
export function whereIs(name) {
  const { stdout } = spawnSync('sh', ['-c', `PATH="$PATH:/usr/sbin:/sbin" command -v ${name}`], {
    encoding: 'utf8',
  });
  const found = (stdout ?? '').trim();
  return found === '' ? undefined : found;
}

/**
 * Where a program is; throws when it is not here.
 * @param {string} name
 */
export function placeOf(name) {
  const place = whereIs(name);
  if (place === undefined) throw new Error(`not on this machine: ${name}`);
  return place;
}

/** @param {string} program */
function librariesOf(program) {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  const libraries = [...(stdout ?? '').matchAll(/(\/\S+\.so\S*)/g)].map(([, path = '']) => path);
  const beside = libraries
    .filter((path) => /\/libc\.so/.test(path))
    .flatMap((path) => RESOLVERS.map((name) => join(dirname(path), name)));
  return [...libraries, ...beside.filter((path) => existsSync(path))];
}

export class ImageRoot {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
  }

  /** @param {string} inside */
  path(inside) {
    return join(this.folder, inside);
  }

  /**
   * A shell with the usual commands, users, and a place for temporary files.
   * @param {readonly string[]} users lines of /etc/passwd
   */
  async addBase(users) {
    for (const folder of FOLDERS) await mkdir(this.path(folder), { recursive: true });
    await chmod(this.folder, 0o755);
    await chmod(this.path('tmp'), 0o1777);
    await this.addProgram(placeOf('busybox'), '/bin/busybox');
    const { stdout } = spawnSync('busybox', ['--list'], { encoding: 'utf8' });
    const commands = stdout.split('\n').filter((name) => !['', 'busybox'].includes(name));
    for (const name of commands) await symlink('busybox', this.path(`/bin/${name}`));
    const groups = users.map((line) => line.split(':')).map(([name, x, , gid]) => [name, x, gid]);
    await this.#write('/etc/passwd', ['root:x:0:0:root:/root:/bin/sh', ...users]);
    await this.#write('/etc/group', ['root:x:0:', ...groups.map((group) => `${group.join(':')}:`)]);
    await this.#write('/etc/nsswitch.conf', ['hosts: files dns']);
  }

  /**
   * A program and its libraries; the libraries keep their places.
   * @param {string} program
   * @param {string} inside
   */
  async addProgram(program, inside) {
    const real = realpathSync(program);
    await this.addTree(real, inside);
    for (const library of librariesOf(real)) {
      if (!existsSync(this.path(library))) await this.addTree(realpathSync(library), library);
    }
  }

  /**
   * A file or folder. `nested: false` leaves out the node_modules in it, `without` what it matches.
   * @param {string} from
   * @param {string} inside
   * @param {{ nested?: boolean, without?: RegExp }} [options]
   */
  async addTree(from, inside, { nested = true, without } = {}) {
    await mkdir(dirname(this.path(inside)), { recursive: true });
    const filter = (/** @type {string} */ source) =>
      (nested || source === from || basename(source) !== 'node_modules') &&
      !(without?.test(basename(source)) ?? false);
    await cp(from, this.path(inside), { recursive: true, dereference: true, filter });
  }

  /**
   * An empty folder of this user and group.
   * @param {string} inside
   * @param {number} owner
   */
  async addFolder(inside, owner) {
    await mkdir(this.path(inside), { recursive: true });
    await chown(this.path(inside), owner, owner);
  }

  /**
   * @param {string} inside
   * @param {readonly string[]} lines
   */
  async #write(inside, lines) {
    await writeFile(this.path(inside), `${lines.join('\n')}\n`);
  }
}
