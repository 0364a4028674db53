package server

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/ostiary/ostiary/internal/secret"
)

// ApplyEnvironment takes what is better not written into a file from the
// environment, whose values win over those of the file:
//
//	OSTIARY_SECRET         secret (or BETTER_AUTH_SECRET)
//	OSTIARY_SECRETS        secrets, as "2:new,1:old" (or BETTER_AUTH_SECRETS)
//	OSTIARY_BASE_URL       baseURL (or BETTER_AUTH_URL)
//	OSTIARY_DATABASE_URL   database.url
//	OSTIARY_DATABASE_REPLICA_URL
//	                       database.replicaURL
//	OSTIARY_REDIS_URL      secondaryStorage.url
//	OSTIARY_SMTP_URL       mail.smtp, as smtp://user:password@host:587, or
//	                       smtps:// for implicit TLS
//	OSTIARY_SMTP_PASSWORD  mail.smtp.password
//
// and, for each provider that the file names, with its id in capital letters and
// "_" for everything that is neither a letter nor a digit:
//
//	OSTIARY_SOCIAL_GITHUB_CLIENT_ID, OSTIARY_SOCIAL_GITHUB_CLIENT_SECRET
//	OSTIARY_OAUTH_ACME_CLIENT_ID, OSTIARY_OAUTH_ACME_CLIENT_SECRET
//
// The lookup is usually os.LookupEnv. Empty values count as not set. The error
// lists every problem and repeats no value.
func (c *Config) ApplyEnvironment(lookup func(name string) (string, bool)) error {
	get := func(names ...string) (string, string) {
		for _, name := range names {
			if v, _ := lookup(name); v != "" {
				return v, name
			}
		}
		return "", ""
	}
	var problems []error
	if v, _ := get("OSTIARY_SECRET", "BETTER_AUTH_SECRET"); v != "" {
		c.Secret = Secret(v)
	}
	if v, name := get("OSTIARY_SECRETS", "BETTER_AUTH_SECRETS"); v != "" {
		if err := c.setSecrets(v); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	if v, _ := get("OSTIARY_BASE_URL", "BETTER_AUTH_URL"); v != "" {
		c.BaseURL = BaseURL{URL: v}
	}
	if v, _ := get("OSTIARY_DATABASE_URL"); v != "" {
		c.SetDatabase(v)
	}
	if v, _ := get("OSTIARY_DATABASE_REPLICA_URL"); v != "" {
		c.Database.ReplicaURL = v
	}
	if v, _ := get("OSTIARY_REDIS_URL"); v != "" {
		c.SecondaryStorage.URL = Secret(v)
	}
	if v, name := get("OSTIARY_SMTP_URL"); v != "" {
		if err := c.setSMTP(v); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	if v, _ := get("OSTIARY_SMTP_PASSWORD"); v != "" {
		c.Mail.SMTP.Password = Secret(v)
	}
	c.setClients(func(name string) string { v, _ := get(name); return v })
	return errors.Join(problems...)
}

// setClients takes what the providers gave the application.
func (c *Config) setClients(get func(name string) string) {
	for i := range c.SocialProviders {
		p, name := &c.SocialProviders[i].Value, "OSTIARY_SOCIAL_"+environmentName(c.SocialProviders[i].Name)
		if v := get(name + "_CLIENT_ID"); v != "" {
			p.ClientID = ClientID{v}
		}
		if v := get(name + "_CLIENT_SECRET"); v != "" {
			p.ClientSecret = Secret(v)
		}
	}
	if c.Plugins.GenericOAuth == nil {
		return
	}
	for i := range c.Plugins.GenericOAuth.Config {
		p := &c.Plugins.GenericOAuth.Config[i]
		name := "OSTIARY_OAUTH_" + environmentName(p.id())
		if v := get(name + "_CLIENT_ID"); v != "" {
			p.ClientID = v
		}
		if v := get(name + "_CLIENT_SECRET"); v != "" {
			p.ClientSecret = Secret(v)
		}
	}
}

func (c *Config) setSecrets(text string) error {
	versions, err := secret.ParseVersions(text)
	if err != nil {
		return err
	}
	c.Secrets = nil
	for _, v := range versions {
		c.Secrets = append(c.Secrets, VersionedSecret{Version: v.Version, Value: v.Value})
	}
	return nil
}

// setSMTP reads the address of a mail server. The errors of package url repeat
// the address, which contains a password, so they are not passed on.
func (c *Config) setSMTP(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return errors.New("expected smtp://user:password@host:port or smtps://user:password@host:port, with reserved characters percent-encoded")
	}
	s := SMTP{Host: u.Hostname(), Username: u.User.Username(), TLS: "starttls"}
	if u.Scheme == "smtps" {
		s.TLS = "implicit"
	}
	if text := u.Port(); text != "" {
		if s.Port, err = strconv.Atoi(text); err != nil || s.Port < 1 || s.Port > 65535 {
			return errors.New("the port is not a number from 1 to 65535")
		}
	}
	password, _ := u.User.Password()
	s.Password = Secret(password)
	c.Mail.SMTP = s
	return nil
}
