import { useState } from "preact/hooks";
import { client, type Session } from "../client";
import { Field, Form, Submit } from "../form";
import { attempt } from "../problem";
import { Avatar } from "./avatar";
import { Section } from "./section";

export function ProfileSection({ user }: { user: Session["user"] }) {
  const [name, setName] = useState(user.name);
  const [image, setImage] = useState(user.image ?? "");
  return (
    <Section id="profile-section" title="Profile" text="How you appear to others.">
      <Form
        id="profile"
        problemFields={{ name: "name" }}
        submit={async (value) => {
          const { problem } = await attempt(client.updateUser({ name: value("name").trim(), image: value("image").trim() || null }));
          return problem ? { problem } : { success: "Profile saved." };
        }}
        actions={<Submit>Save</Submit>}
      >
        <div class="profile-head">
          <Avatar name={name} image={previewable(image)} />
          <div>
            <p class="profile-name">{name.trim() || "–"}</p>
            <p class="small">{user.email}</p>
          </div>
        </div>
        <Field name="name" label="Name" value={user.name} autoComplete="name" required onValue={setName} />
        <Field
          name="image"
          label="Picture"
          type="url"
          value={user.image ?? ""}
          autoComplete="off"
          placeholder="https://"
          pattern="https://.+|data:image/.+"
          mismatch="Enter an address that begins with https://."
          hint="The address of an image, beginning with https://. Leave it empty to show your initials."
          onValue={setImage}
        />
      </Form>
    </Section>
  );
}

/** What the page's content security policy lets an image be loaded from. */
function previewable(image: string): string | null {
  return /^(https:\/\/.|data:image\/)/i.test(image) ? image : null;
}
