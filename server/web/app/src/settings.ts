/** What the Go handler says about this server, in the shell's data-settings attribute. */
export interface Settings {
  appName: string;
  /** Path of the authentication API on this origin, such as "/api/auth". */
  basePath: string;
  minPasswordLength: number;
  maxPasswordLength: number;
  /** Mails are printed in the server's terminal instead of being sent. */
  devMail: boolean;
  features: {
    signUp: boolean;
    changeEmail: boolean;
    deleteUser: boolean;
    verificationMail: boolean;
    resetPassword: boolean;
  };
}

function read(): Settings {
  const text = document.getElementById("app")?.dataset.settings;
  if (!text) throw new Error("the page was served without its settings");
  return JSON.parse(text) as Settings;
}

export const settings = read();
