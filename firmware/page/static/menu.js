// What is done now and then: language, theme, camera, logging out, what runs here.
import { button, make } from "/dom.js";
import { cameraOf, deviceFaults } from "/devices.js";
import { may, operatorWords, post } from "/login.js";
import { back, tiles } from "/steps.js";
import { changeTheme, theme } from "/theme.js";
import { LANGUAGES, said, speak, t, words } from "/words.js";

const OF_THE_OFFICE = ["see state", "read audit", "test devices"];

async function logOut(desk) {
  await post("/api/logout", {});
  desk.follow();
}

export function menuView(desk) {
  const { state, go } = desk;
  const to = (view, label) => button(label, { id: `to-${view}`, class: "quiet", onclick: () => go({ view }) });
  return {
    name: "menu",
    key: [state.session, state.devices, state.software, state.checks.length > 0, theme()],
    body: () => [
      make("h1", { class: "small" }, t("Menu")),
      tiles(
        to("languages", t("Language")),
        button(theme() === "night" ? t("Sun theme") : t("Night theme"), { id: "theme", class: "quiet", onclick: () => { changeTheme(); desk.redraw(); } }),
        cameraOf(state) && to("camera", t("Camera")),
        state.checks.length > 0 && may(state.session, "purge") && to("purge", t("Delete a case")),
        state.session.required && may(state.session, "unlock") && to("unlock", t("Unlock an operator")),
        state.session.required && OF_THE_OFFICE.some((action) => may(state.session, action)) && button(t("Office"), { id: "to-office", class: "quiet", onclick: () => location.assign("/office.html") }),
        state.session.required && button(t("Log out"), { id: "logout", class: "quiet", onclick: () => logOut(desk) })),
      make("p", { id: "who" }, operatorWords(state.session)),
      state.software && make("p", { id: "software" }, t("Software: {release}", { release: state.software })),
      deviceFaults(state.devices),
    ],
    actions: () => [back(desk)],
  };
}

export const languagesView = (desk) => ({
  name: "languages",
  key: 0,
  body: () => [
    make("h1", {}, t("Language of this page")),
    tiles(...LANGUAGES.map(([code, own]) =>
      button(own, { id: `language-${code}`, lang: code, class: "quiet", "aria-pressed": String(words().language === code), primary: words().language === code, onclick: async () => { await speak(code); desk.go({}); } }))),
  ],
  actions: () => [back(desk)],
});

export const cameraView = (desk) => ({
  name: "camera",
  key: cameraOf(desk.state)?.missing ?? "gone",
  body: () => [
    make("h1", { class: "unseen" }, t("Camera")),
    cameraOf(desk.state) && !cameraOf(desk.state).missing
      // The camera runs only as long as its pictures are fetched.
      ? make("img", { id: "camera-view", alt: t("What the camera sees"), src: `/api/camera?${Date.now()}` })
      : make("p", { id: "camera-words" }, t("The camera is not there. It is tried again by itself.")),
  ],
  actions: () => [back(desk)],
});

export function unlockView(desk) {
  const unlock = async (event) => {
    event?.preventDefault();
    const operator = document.getElementById("unlock-operator").value;
    const answer = await post("/api/unlock", { operator });
    document.getElementById("unlock-notice").textContent = answer.error ? said(answer.error) : t("{operator} may try again.", { operator });
  };
  return {
    name: "unlock",
    key: 0,
    body: () => [
      make("h1", { class: "small" }, t("Unlock an operator")),
      make("form", { class: "fields", onsubmit: unlock },
        make("label", {}, t("Operator"), make("input", { id: "unlock-operator", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: "24" }))),
      make("p", { id: "unlock-notice", role: "status" }),
    ],
    actions: () => [back(desk), button(t("Unlock"), { id: "unlock-button", onclick: unlock })],
  };
}
