create table [user] ([id] integer identity not null primary key, [name] nvarchar(255) not null, [email] nvarchar(255) not null unique, [emailVerified] smallint not null, [image] nvarchar(max), [createdAt] datetime2(3) default SYSUTCDATETIME() not null, [updatedAt] datetime2(3) default SYSUTCDATETIME() not null, [handle] nvarchar(255), [beta] smallint not null, [seenAt] datetime2(3) default SYSUTCDATETIME() not null, [plan] nvarchar(max) not null);

create table [session] ([id] integer identity not null primary key, [expiresAt] datetime2(3) not null, [token] nvarchar(255) not null unique, [createdAt] datetime2(3) default SYSUTCDATETIME() not null, [updatedAt] datetime2(3) not null, [ipAddress] nvarchar(max), [userAgent] nvarchar(max), [userId] integer not null references [user] ([id]) on delete cascade);

create table [rateLimit] ([id] integer identity not null primary key, [key] nvarchar(255) not null unique, [count] integer not null, [lastRequest] bigint not null);

create table [odd]]name] ([id] integer identity not null primary key, [ownerId] integer references [user] ([id]) on delete set null, [mail] nvarchar(255) not null references [user] ([email]) on delete no action, [kind] nvarchar(255) not null, [label] nvarchar(255) not null, [words] nvarchar(max) not null);

create unique index [user_handle_uidx] on [user] ([handle]) where [handle] is not null;

create index [session_userId_idx] on [session] ([userId]);

create index [odd]]name_label_idx] on [odd]]name] ([label]);

create unique index [odd]]name_kind_label_uidx] on [odd]]name] ([kind], [label]);
