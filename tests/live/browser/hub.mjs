// Signing in with an account of a real JupyterHub, as a person does it.

import assert from "node:assert/strict";
import { accessible, open, picture, sees, step, story } from "./kit.mjs";

await story(async (base) => {
  const { page, complaints } = await open();
  await step("the hub asks who it is, and launchwatch knows", async () => {
    await page.goto(`${base}sign-in?next=/overview`);
    await accessible(page, "sign-in with a hub");
    await picture(page, "sign-in-hub");
    await page.click('main a[href*="sign-in/jupyterhub"]');
    await page.fill("input[name=username]", "ada");
    await page.fill("input[name=password]", process.env.HUB_PASSWORD);
    await page.click("input[type=submit], button[type=submit]");
    await sees(page, "Sign out");
    assert.match(page.url(), /\/overview$/);
    await picture(page, "signed-in-by-hub");
  });
  await step("she may command, since her group may", async () => {
    await page.goto(`${base}silences`);
    assert.ok((await page.locator('form[action$="/silences"]').count()) > 0, "no form to silence with");
  });
  await step("our pages did not complain", async () => {
    const ours = complaints.filter((c) => c.includes(new URL(base).host));
    assert.deepEqual(ours, []);
  });
});
