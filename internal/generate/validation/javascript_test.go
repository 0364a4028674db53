package validation_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/internal/definition"
	"github.com/ostiary/ostiary/internal/generate"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// report is what the programs of the tests say.
type report struct {
	Tables    map[string][]string
	Relations []string
}

func decode(t *testing.T, text string) report {
	t.Helper()
	var r report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return r
}

func needNode(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("the npm packages are not looked for in a short run")
	}
	if _, err := os.Stat("node_modules/drizzle-orm"); err != nil {
		t.Fatal("the npm packages are missing; run: make prepare")
	}
}

const drizzleProgram = `
import { getTableConfig } from "drizzle-orm/MODULE";
import { is, Table } from "drizzle-orm";
import * as schema from "./auth-schema.js";

const tables = {}, relations = [];
for (const value of Object.values(schema)) {
  if (!is(value, Table)) {
    relations.push(value.constructor.name);
    continue;
  }
  const config = getTableConfig(value);
  tables[config.name] = config.columns.map((c) => c.name + " " + c.getSQLType() + (c.notNull ? " not null" : "") + (c.isUnique ? " unique" : "")).sort();
  for (const k of config.foreignKeys) {
    const r = k.reference();
    relations.push(config.name + "." + r.columns[0].name + " " + getTableConfig(r.foreignTable).name + "." + r.foreignColumns[0].name + " " + k.onDelete);
  }
  for (const i of config.indexes) relations.push("index " + i.config.name + (i.config.unique ? " unique" : ""));
}
console.log(JSON.stringify({ tables, relations: relations.sort() }));
`

func TestDrizzleHasTheSameTables(t *testing.T) {
	t.Parallel()
	needNode(t)
	modules := map[string]string{"sqlite": "sqlite-core", "postgres": "pg-core", "mysql": "mysql-core"}
	each(t, "drizzle", func(t *testing.T, r generate.Request) {
		dir := folder(t)
		save(t, filepath.Join(dir, "auth-schema.ts"), write(t, "drizzle", r))
		save(t, filepath.Join(dir, "package.json"), `{"type": "module"}`)
		save(t, filepath.Join(dir, "tables.mjs"), strings.ReplaceAll(drizzleProgram, "MODULE", modules[r.Dialect]))
		command(t, dir, "../node_modules/.bin/tsc", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", "auth-schema.ts")
		got := decode(t, command(t, dir, "node", "tables.mjs"))
		if diff := cmp.Diff(columns(t, r), got.Tables); diff != "" {
			t.Error(diff)
		}
		relations := slices.DeleteFunc(got.Relations, func(r string) bool { return r == "Relations" })
		if diff := cmp.Diff([]string{
			"account.userId user.id cascade", "index account_userId_idx", "index invitation_lookup", "index order_kind_label_uidx unique", "index order_label_idx",
			"index session_userId_idx", "index user_home town_idx", "index verification_identifier_idx",
			"order.invitedId user.id set null", "order.inviterId user.id restrict", "order.mail user.email no action",
			"session.userId user.id cascade", "user.bossId user.id set null", "user_profile.userId user.id cascade",
		}, slices.DeleteFunc(relations, func(r string) bool { return r == "index verification_expiresAt_idx" })); diff != "" {
			t.Error(diff)
		}
	})
}

// columns are the columns of the library's own tables, as Drizzle spells them.
func columns(t *testing.T, r generate.Request) map[string][]string {
	t.Helper()
	d, err := definition.Of(r.Dialect)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, table := range r.Schema.Tables {
		if table.Unmanaged {
			continue
		}
		for i := range table.Fields {
			f := &table.Fields[i]
			kind := strings.Fields(d.Type(migrate.FieldOf(table, i)))[0]
			switch {
			case kind == "timestamptz":
				kind = "timestamp with time zone"
			case r.Dialect == "mysql" && kind == "integer":
				kind = "int"
			case r.Dialect == "sqlite" && kind == "bigint":
				kind = "integer" // which has 64 bits
			}
			text := f.Column + " " + kind
			if !f.Optional {
				text += " not null"
			}
			if f.Unique {
				text += " unique"
			}
			all[table.Name] = append(all[table.Name], text)
		}
		slices.Sort(all[table.Name])
	}
	return all
}

const prismaProgram = `
import prisma from "@prisma/prisma-schema-wasm";
import { readFileSync } from "node:fs";

const prismaSchema = [["schema.prisma", readFileSync(process.argv[2], "utf8")]];
prisma.validate(JSON.stringify({ prismaSchema, noColor: true }));
const dmmf = JSON.parse(prisma.get_dmmf(JSON.stringify({ prismaSchema, noColor: true })));
const tables = {}, relations = [];
for (const m of dmmf.datamodel.models) {
  tables[m.dbName ?? m.name] = m.fields.filter((f) => f.kind !== "object").map((f) => f.dbName ?? f.name).sort();
  for (const f of m.fields)
    if (f.relationFromFields?.length) relations.push(m.dbName + "." + f.relationFromFields[0] + " " + f.type + "." + f.relationToFields[0] + " " + f.relationOnDelete);
}
console.log(JSON.stringify({ tables, relations: relations.sort() }));
`

// understood is what Prisma reads from a file.
func understood(t *testing.T, text string) report {
	t.Helper()
	needNode(t)
	dir := folder(t)
	save(t, filepath.Join(dir, "schema.prisma"), text)
	save(t, filepath.Join(dir, "read.mjs"), prismaProgram)
	return decode(t, command(t, dir, "node", "read.mjs", "schema.prisma"))
}

var prismaRelations = []string{
	"account.userId User.id Cascade", "order.invitedId User.id SetNull", "order.inviterId User.id Restrict", "order.mail User.email NoAction",
	"session.userId User.id Cascade", "user.bossId User.id SetNull", "user_profile.userId User.id Cascade",
}

func TestPrismaUnderstandsTheSchema(t *testing.T) {
	t.Parallel()
	each(t, "prisma", func(t *testing.T, r generate.Request) {
		r.PrismaMajor = 7 // the one whose parser is there
		got := understood(t, write(t, "prisma", r))
		if diff := cmp.Diff(wanted(r.Schema), got.Tables); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(prismaRelations, got.Relations); diff != "" {
			t.Error(diff)
		}
	})
}

// existing is the schema of an application that has users, and more.
const existing = `// Our own schema.
generator client {
  provider = "prisma-client"
  output   = "../client"
}

datasource db {
  provider = "postgresql"
}

/// Somebody who uses the shop.
model Customer {
  id      String  @id
  name    String /// as on the invoice
  email   String  @unique
  level   BigInt?
  basket  Basket[]
  session String?

  @@index([name])
  @@map("user")
}

model Basket {
  id         Int      @id @default(autoincrement())
  customer   Customer @relation(fields: [customerId], references: [id])
  customerId String
}

enum Colour {
  RED
}
`

func TestPrismaKeepsWhatOthersWrote(t *testing.T) {
	t.Parallel()
	target, err := generate.TargetOf("prisma")
	if err != nil {
		t.Fatal(err)
	}
	r := generate.Request{Schema: compile(t, schema.TextIDs), Dialect: "postgres"}
	merged, err := target.Write(r, existing)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(existing) {
		if !strings.Contains(merged, strings.TrimSpace(line)) && !strings.Contains(line, "level") {
			t.Errorf("lost: %s", line)
		}
	}
	if !strings.Contains(merged, "  level   Int?\n") {
		t.Error("the type of level was not put right")
	}
	got := understood(t, merged)
	want := wanted(r.Schema)
	want["user"] = append(want["user"], "session") // the application's own, which is no relation
	slices.Sort(want["user"])
	want["Basket"] = []string{"customerId", "id"}
	if diff := cmp.Diff(want, got.Tables); diff != "" {
		t.Errorf("%s\n%s", diff, merged)
	}
	if again, err := target.Write(r, merged); err != nil || again != merged {
		t.Errorf("merging again changes it: %v\n%s", err, cmp.Diff(merged, again))
	}
}
