// Every page there is, wide and light, narrow and dark: axe finds nothing serious, nothing hangs over the edge, nobody complains.

import assert from "node:assert/strict";
import { accessible, fault, fits, incident, open, picture, sees, step, story } from "./kit.mjs";

async function signIn(page, base) {
  await page.goto(`${base}sign-in`);
  await page.fill("input[name=name]", "demo");
  await page.fill("input[name=password]", "demo");
  await page.click("main form button");
  await sees(page, "Sign out");
}

await story(async (base) => {
  const bad = [];
  await fault(base, "spawner-raises");
  const one = await incident(base);
  const open_to_all = ["", "history", "status/demo-hub", "runbooks", "runbooks/hub-pod-reflector-stale", "subscribe", "sign-in", "api", "widget", `incidents/${one}`];
  const members = [
    "overview", "targets/demo-hub", "probes/demo-hub/cached-launch", "probes/demo-hub/cached-launch?span=30d", "incidents", `incidents/${one}`,
    "cluster", "rules", "silences", "channels", "rehearsals", `report/${one}`,
  ];
  for (const [looks, window] of Object.entries({ wide: {}, narrow: { width: 360, height: 740, dark: true } })) {
    for (const [whose, paths] of Object.entries({ public: open_to_all, member: members })) {
      const { context, page, complaints } = await open(window);
      if (whose === "member") {
        await signIn(page, base);
        if (looks === "wide") {
          await page.goto(`${base}probes/demo-hub/cached-launch`);
          members.push((await page.locator('main a[href*="/runs/"]').first().getAttribute("href")).replace(/^\//, ""));
        }
      }
      for (const path of paths) {
        const name = `${whose} ${path.replace(/\?.*/, " month") || "status"}, ${looks}`;
        // All of them are looked at, whatever one of them shows.
        const looked = step(name, async () => {
          const answer = await page.goto(base + path);
          assert.equal(answer.status(), 200);
          await accessible(page, name);
          await fits(page, name);
          await picture(page, `${looks}-${whose}-${path.replace(one, "one").replace(/runs\/.*/, "run").replaceAll(/[/?=]/g, "-") || "status"}`);
          assert.deepEqual(complaints.splice(0), []);
        });
        await looked.catch((error) => bad.push(error.message));
      }
      await context.close();
    }
  }
  assert.equal(bad.length, 0, bad.join("\n"));
});
