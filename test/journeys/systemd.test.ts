import { beforeAll, expect, test } from "bun:test";
import { buildOnce } from "../support/binary.ts";
import { hasMachines, runMachine } from "../support/machine.ts";

if (!hasMachines)
  console.warn("No systemd can be started here: its tests are skipped (as root, apt-get install systemd-container)");

beforeAll(buildOnce, 60_000);

const folder = `/srv/a b/100% "$HOME"`;

const controllers = {
  "index.js": `await Bun.sleep(400);
export const get = () => ({ body: process.env.HUBBUB_ADMIN_TOKEN ?? process.env.NOTIFY_SOCKET ?? "nothing" });`,
  "hold.js": "export const get = () => { for (;;); };",
  "slow.js": `export const get = () => ({ webSocket: {} });
export const webSocketEvent = async ({ type }) => { if (type === "close") await Bun.sleep(2000); };`,
};

/** What a shell in the machine prints between two headings. */
const script = `
say() { echo "== $1"; }
show() { systemctl show hubbub --property "$1" --value; }
until_is() { for i in $(seq 100); do [ "$(show "$1")" = "$2" ] && return; sleep 0.05; done; echo "no $1=$2: $(show "$1")"; }
cd '${folder}'

chmod 600 /etc/hubbub/token

say install
"/opt/my apps/hubbub" unit --port 80 --drain 1 --admin-token @/etc/hubbub/token 2> /tmp/said > /dev/null
sed -n 's/^  //p' /tmp/said > /tmp/commands
wc -l < /tmp/commands
sh -e /tmp/commands > /dev/null 2>&1 || echo failed
show ActiveState
show StatusText
show NotifyAccess
curl -s http://127.0.0.1/-/ready
curl -s http://127.0.0.1/
echo
stat --format %U: /proc/$(show MainPID)

say token
ask() { curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1/-/api/health -H "Authorization: Bearer $1"; }
ask "$(cat /etc/hubbub/token)"
ask wrong-wrong-wrong-wrong

say journal
journalctl -u hubbub --output cat --priority info | grep -c '^{"@timestamp".*Listening'
journalctl -u hubbub --output cat --priority notice | grep -c Listening
journalctl -u hubbub --output cat --priority warning | grep -c '^{"@timestamp".*the token is wrong'

say reload
systemctl reload hubbub
show StatusText

say watchdog
mkdir -p /etc/systemd/system/hubbub.service.d
printf '[Service]\\nWatchdogSec=1s\\nTimeoutStopSec=1s\\n' > /etc/systemd/system/hubbub.service.d/short.conf
systemctl daemon-reload
systemctl restart hubbub
sleep 1.2
show NRestarts
curl -s --max-time 1 http://127.0.0.1/hold
until_is NRestarts 1
until_is ActiveState active
journalctl -u hubbub --output cat | grep -c 'Watchdog timeout'

say stop
curl -sN --max-time 20 http://127.0.0.1/slow -H 'Connection: Upgrade' -H 'Upgrade: websocket' \\
  -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' > /dev/null &
until_is StatusText '1 session, generation 1'
systemctl stop hubbub
show Result
show ExecMainStatus
journalctl -u hubbub --output cat | grep -c 'timed out'
`;

test.skipIf(!hasMachines)(
  "hubbub unit makes a service of a real systemd: installed, reloaded, watched and stopped",
  async () => {
    const files = Object.fromEntries(
      Object.entries(controllers).map(([name, text]) => [`${folder.slice(1)}/controllers/${name}`, text]),
    );
    files["etc/hubbub/token"] = "0123456789abcdef\n";
    const printed = await runMachine({ script, files, binds: { "/opt/my apps/hubbub": await buildOnce() } });
    const sections = Object.fromEntries(
      printed
        .split("== ")
        .slice(1)
        .map((section) => section.trimEnd().split("\n"))
        .map(([name = "", ...lines]) => [name, lines]),
    );
    expect(sections).toEqual({
      install: ["2", "active", "0 sessions, generation 1", "main", '{"status":"ready"}nothing', "hubbub:"],
      // systemd read the file, which the service itself may not.
      token: ["200", "401"],
      journal: ["1", "0", "1"],
      // It waited until the new generation, which takes a while to load, served.
      reload: ["0 sessions, generation 2"],
      // Fed for more than a second while the event loop turned, and not while it was held.
      watchdog: ["0", "1"],
      // The stop took longer than TimeoutStopSec, because the server said that it would.
      stop: ["success", "0", "0"],
    });
  },
  60_000,
);
