package mysql_test

import (
	"context"
	"testing"

	"github.com/ostiary/ostiary/internal/pointread"
	"github.com/ostiary/ostiary/internal/testservice"
)

func BenchmarkPointRead(b *testing.B) {
	url := testservice.MariaDB(b)
	s := pointread.Schema(b)
	a := fromURL(b, url)
	migrateTo(b, a, s)
	db := behind(b, url+"?parseTime=true&time_zone=%27%2B00%3A00%27")
	stmt, err := db.Prepare("SELECT `id`, `name`, `email`, `emailVerified`, `image`, `createdAt`, `updatedAt` FROM `user` WHERE `email` = ?")
	if err != nil {
		b.Fatal(err)
	}
	defer stmt.Close()
	pointread.Compare(b, a, s, func(ctx context.Context, email string) (u pointread.User, err error) {
		err = stmt.QueryRowContext(ctx, email).Scan(&u.ID, &u.Name, &u.Email, &u.EmailVerified, &u.Image, &u.CreatedAt, &u.UpdatedAt)
		return u, err
	})
}
