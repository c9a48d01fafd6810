// Calls for attention when nobody is looking: unread count in the title, and a sound that can be silenced.

import { store } from "./composer.js";
import { phrase } from "./timeline.js";

export class Attention {
  constructor(button, key) {
    this.button = button;
    this.key = key;
    this.title = document.title;
    this.unread = 0;
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => this.toggle());
    this.show();
  }

  get isSilent() { return store.get(this.key) === "1"; }

  toggle() {
    store.set(this.key, this.isSilent ? "0" : "1");
    this.show();
  }

  show() {
    this.button.textContent = phrase(this.isSilent ? "sound_on" : "sound_off");
  }

  count(unread) {
    this.unread = unread;
    document.title = unread ? `(${unread}) ${this.title}` : this.title;
  }

  // A short tone made here: nothing to download. Browsers allow it once the person has touched the page.
  ring() {
    if (this.isSilent || !window.AudioContext) return;
    this.audio = this.audio || new AudioContext();
    if (this.audio.state === "suspended") { this.audio.resume().catch(() => {}); }
    const tone = this.audio.createOscillator();
    const volume = this.audio.createGain();
    tone.frequency.value = 660;
    volume.gain.setValueAtTime(0.08, this.audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, this.audio.currentTime + 0.35);
    tone.connect(volume).connect(this.audio.destination);
    tone.start();
    tone.stop(this.audio.currentTime + 0.35);
  }
}
