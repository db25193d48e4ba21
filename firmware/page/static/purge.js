// A case is deleted before its time: which one, and why. Here, and then at the matcher.
import { clock } from "/clock.js";
import { button, make } from "/dom.js";
import { post } from "/login.js";
import { back, tiles } from "/steps.js";
import { said, t, N } from "/words.js";

const REASONS = [
  ["minor", N("The person is under 18")],
  ["mistake", N("Taken by mistake")],
  ["objection", N("The person was right to object")],
];

export const purgeView = (desk) => ({
  name: "purge",
  key: desk.state.checks,
  body: () => [
    make("h1", { class: "small" }, t("Which case is to be deleted?")),
    desk.state.checks.length
      ? tiles(...desk.state.checks.map((check) => button(clock(check.created_ms), {
        class: "quiet", "data-request": check.request_id, detail: said(check.words), onclick: () => desk.go({ view: "purge-reason", request_id: check.request_id }),
      })))
      : make("p", {}, t("There is none to be deleted here.")),
  ],
  actions: () => [back(desk)],
});

export function purgeReasonView(desk) {
  const { request_id: id, done } = desk.local;
  const order = async (reason) => {
    const answer = await post("/api/purge", { request_id: id, reason });
    desk.go({ view: "purge-reason", request_id: id, done: answer.ok ? N("Deleted here. The matcher is asked to delete its copy.") : answer.error });
  };
  return {
    name: "purge-reason",
    key: [id, done],
    body: () => (done
      ? [make("div", { role: "status" }, make("h1", { id: "purged" }, said(done)))]
      : [
        make("h1", {}, t("Why is it deleted? Nobody can read it after that.")),
        tiles(...REASONS.map(([reason, words]) => button(t(words), { id: `purge-${reason}`, onclick: () => order(reason) }))),
      ]),
    actions: () => [back(desk)],
  };
}
