package ostiary_test

import (
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

func TestAccountsAreFoundByTheirExactKeyAndDeletedByTheirOwner(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		accounts := s.Kernel().Accounts
		ada, bob := s.withPassword("ada@example.com"), s.withPassword("bob@example.com") // each with one of github, too
		s.linkAccount(ada, "google", "same")
		s.linkAccount(bob, "gitlab", "same")
		for key, owner := range map[[2]string]string{
			{"google", "same"}: ada.ID, {"gitlab", "same"}: bob.ID, {"credential", bob.ID}: bob.ID,
			{"google", "SAME"}: "", {"Google", "same"}: "", {"google", "sam"}: "", {"github", "same"}: "", {"google", ""}: "",
		} {
			found, err := accounts.ByKey(t.Context(), key[0], key[1])
			if err != nil || (found == nil) != (owner == "") || found != nil && found.UserID != owner {
				t.Errorf("%s: found %v, %v; want one of %q", key, found, err, owner)
			}
		}

		// The password stays that of its user when the address changes.
		if _, err := s.Kernel().Users.Update(t.Context(), ada.ID, s.Kernel().Users.Table().NewRow().Set("email", "countess@example.com")); err != nil {
			t.Fatal(err)
		}
		s.client().signIn("countess@example.com", goodPassword).ok(t)

		google, err := accounts.ByKey(t.Context(), "google", "same")
		if err != nil {
			t.Fatal(err)
		}
		for _, by := range []struct {
			owner string
			want  bool
		}{{bob.ID, false}, {ada.ID, true}, {ada.ID, false}} {
			if deleted, err := accounts.DeleteOwned(t.Context(), google.ID, by.owner); err != nil || deleted != by.want {
				t.Errorf("deleted for %s: %t, %v; want %t", by.owner, deleted, err, by.want)
			}
		}
		if n := len(s.rows(schema.AccountKey)); n != 5 {
			t.Errorf("%d accounts are left, want 5", n)
		}
		if err := s.Kernel().Users.Delete(t.Context(), ada.ID); err != nil {
			t.Fatal(err)
		}
		n, err := s.Kernel().DB.Count(t.Context(), accounts.Table(), database.Eq("userId", bob.ID))
		if left := len(s.rows(schema.AccountKey)); err != nil || n != 3 || left != 3 {
			t.Errorf("%d accounts are left, %d of them the other user's, %v", left, n, err)
		}
	})
}
