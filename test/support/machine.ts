import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createFolder } from "./folder.ts";

/** A machine of a test's own can be started here. In CI it must be: nothing is skipped there. */
export const hasMachines =
  process.env["CI"] !== undefined || (process.getuid?.() === 0 && Bun.which("systemd-nspawn") !== null);

/** No machine runs longer than this, in seconds. */
const LONGEST_SECONDS = 60;

export type MachineOptions = {
  /** What a shell runs as root, once systemd is up; the machine goes when it ends. */
  script: string;
  /** Files of the machine, by their path without the first slash. */
  files?: Record<string, string>;
  /** Files of this machine that are seen there, by their path there. */
  binds?: Record<string, string>;
};

/**
 * Runs a real systemd as process 1 of a machine of its own (processes, mounts, network, cgroups), with this one's `/usr`.
 *
 * Returns what the script printed.
 */
export async function runMachine({ script, files = {}, binds = {} }: MachineOptions): Promise<string> {
  using folder = createFolder({
    "etc/os-release": "ID=test\n",
    "etc/machine-id": "",
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/nsswitch.conf": "passwd: files systemd\ngroup: files systemd\n",
    "etc/systemd/system/script.service": `[Unit]
DefaultDependencies=no
After=dbus.socket systemd-journald.socket
[Service]
Type=oneshot
ExecStart=/bin/sh /script.sh
ExecStopPost=/bin/systemctl --force poweroff
StandardOutput=file:/printed
StandardError=inherit
`,
    "script.sh": script,
    printed: "",
    ...files,
  });
  for (const name of ["usr", "run", "proc", "sys", "dev", "tmp", "root", "var/log"])
    mkdirSync(join(folder.path, name), { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(folder.path, name));
  chmodSync(folder.path, 0o755);
  const groups = makeControlGroups();
  const child = Bun.spawn(
    [
      "sh",
      "-c",
      `for group in ${groups.map((group) => `"${group}"`).join(" ")}; do echo $$ > "$group/cgroup.procs"; done; exec "$@"`,
      "sh",
      "systemd-nspawn",
      "--quiet",
      `--directory=${folder.path}`,
      "--bind-ro=/usr",
      ...Object.entries(binds).map(([there, here]) => `--bind-ro=${here}:${there}`),
      "--boot",
      "--register=no",
      "--keep-unit",
      "--private-network",
      "--console=read-only",
      "systemd.unit=script.service",
    ],
    {
      env: { PATH: "/usr/sbin:/usr/bin", UNIFIED_CGROUP_HIERARCHY: "1" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const late = setTimeout(() => child.kill("SIGKILL"), LONGEST_SECONDS * 1000);
  try {
    const [console, errors] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    const printed = await Bun.file(join(folder.path, "printed")).text();
    if (printed === "") throw new Error(`The machine did not start: ${console}${errors}`);
    return printed;
  } finally {
    clearTimeout(late);
    groups.forEach(removeControlGroup);
  }
}

/** Control groups of this machine's own, beneath those that this process is in, in each hierarchy that systemd uses. */
function makeControlGroups(): string[] {
  const roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"];
  const used = roots.filter((path) => existsSync(join(path, "cgroup.procs")));
  // The same in all of them: systemd-nspawn makes in one what it finds in another.
  const name = `hubbub-test-${crypto.randomUUID()}`;
  const groups = used.map((path) => join(path, name));
  for (const group of groups) mkdirSync(group);
  return groups;
}

function removeControlGroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeControlGroup(join(path, entry.name));
  rmdirSync(path);
}
