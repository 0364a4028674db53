SELECT CAST(CASE WHEN N'a' COLLATE DATABASE_DEFAULT = N'A' THEN 1 ELSE 0 END AS bit)
SELECT t.name, c.name, y.name + CASE WHEN c.max_length = -1 THEN '(max)' ELSE '' END, ~c.is_nullable,
	CAST(CASE WHEN c.default_object_id <> 0 OR c.is_identity = 1 OR c.is_computed = 1 OR y.name = 'timestamp' THEN 1 ELSE 0 END AS bit)
	FROM sys.tables AS t JOIN sys.columns AS c ON c.object_id = t.object_id JOIN sys.types AS y ON y.user_type_id = c.user_type_id
	WHERE t.schema_id = SCHEMA_ID() ORDER BY t.name, c.column_id
SELECT t.name, i.name, i.is_unique,
	CAST(CASE WHEN i.is_disabled = 1 OR i.is_hypothetical = 1 OR i.filter_definition <> N'(' + QUOTENAME(c.name) + N' IS NOT NULL)' THEN 1 ELSE 0 END AS bit), c.name
	FROM sys.tables AS t JOIN sys.indexes AS i ON i.object_id = t.object_id
	JOIN sys.index_columns AS k ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.is_included_column = 0
	JOIN sys.columns AS c ON c.object_id = k.object_id AND c.column_id = k.column_id
	WHERE t.schema_id = SCHEMA_ID() AND i.type IN (1, 2) ORDER BY t.name, i.name, k.key_ordinal
SELECT t.name, f.name, c.name, r.name, o.name, LOWER(REPLACE(f.delete_referential_action_desc, '_', ' '))
	FROM sys.tables AS t JOIN sys.foreign_keys AS f ON f.parent_object_id = t.object_id
	JOIN sys.foreign_key_columns AS k ON k.constraint_object_id = f.object_id
	JOIN sys.columns AS c ON c.object_id = k.parent_object_id AND c.column_id = k.parent_column_id
	JOIN sys.tables AS r ON r.object_id = f.referenced_object_id
	JOIN sys.columns AS o ON o.object_id = k.referenced_object_id AND o.column_id = k.referenced_column_id
	WHERE t.schema_id = SCHEMA_ID() AND f.is_disabled = 0 ORDER BY t.name, f.name, k.constraint_column_id
SELECT COUNT(*) FROM (SELECT 1 AS n FROM [user] ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT @p1 ROWS ONLY) AS t
DECLARE @result int; EXEC @result = sp_getapplock @Resource = N'ostiary migration', @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = 60000; SELECT CASE WHEN @result >= 0 THEN 1 ELSE 0 END
BEGIN TRANSACTION
SELECT CAST(CASE WHEN N'a' COLLATE DATABASE_DEFAULT = N'A' THEN 1 ELSE 0 END AS bit)
SELECT t.name, c.name, y.name + CASE WHEN c.max_length = -1 THEN '(max)' ELSE '' END, ~c.is_nullable,
	CAST(CASE WHEN c.default_object_id <> 0 OR c.is_identity = 1 OR c.is_computed = 1 OR y.name = 'timestamp' THEN 1 ELSE 0 END AS bit)
	FROM sys.tables AS t JOIN sys.columns AS c ON c.object_id = t.object_id JOIN sys.types AS y ON y.user_type_id = c.user_type_id
	WHERE t.schema_id = SCHEMA_ID() ORDER BY t.name, c.column_id
SELECT t.name, i.name, i.is_unique,
	CAST(CASE WHEN i.is_disabled = 1 OR i.is_hypothetical = 1 OR i.filter_definition <> N'(' + QUOTENAME(c.name) + N' IS NOT NULL)' THEN 1 ELSE 0 END AS bit), c.name
	FROM sys.tables AS t JOIN sys.indexes AS i ON i.object_id = t.object_id
	JOIN sys.index_columns AS k ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.is_included_column = 0
	JOIN sys.columns AS c ON c.object_id = k.object_id AND c.column_id = k.column_id
	WHERE t.schema_id = SCHEMA_ID() AND i.type IN (1, 2) ORDER BY t.name, i.name, k.key_ordinal
SELECT t.name, f.name, c.name, r.name, o.name, LOWER(REPLACE(f.delete_referential_action_desc, '_', ' '))
	FROM sys.tables AS t JOIN sys.foreign_keys AS f ON f.parent_object_id = t.object_id
	JOIN sys.foreign_key_columns AS k ON k.constraint_object_id = f.object_id
	JOIN sys.columns AS c ON c.object_id = k.parent_object_id AND c.column_id = k.parent_column_id
	JOIN sys.tables AS r ON r.object_id = f.referenced_object_id
	JOIN sys.columns AS o ON o.object_id = k.referenced_object_id AND o.column_id = k.referenced_column_id
	WHERE t.schema_id = SCHEMA_ID() AND f.is_disabled = 0 ORDER BY t.name, f.name, k.constraint_column_id
SELECT COUNT(*) FROM (SELECT 1 AS n FROM [user] ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT @p1 ROWS ONLY) AS t
alter table [user] add [handle] nvarchar(255)
alter table [user] add [beta] smallint default 1 not null
alter table [user] add [seenAt] datetime2(3) default SYSUTCDATETIME() not null
alter table [user] add [plan] nvarchar(max) default N'it''s' not null
create table [session] ([id] varchar(36) not null primary key, [expiresAt] datetime2(3) not null, [token] nvarchar(255) not null unique, [createdAt] datetime2(3) default SYSUTCDATETIME() not null, [updatedAt] datetime2(3) not null, [ipAddress] nvarchar(max), [userAgent] nvarchar(max), [userId] varchar(36) not null references [user] ([id]) on delete cascade)
create table [rateLimit] ([id] varchar(36) not null primary key, [key] nvarchar(255) not null unique, [count] integer not null, [lastRequest] bigint not null)
create table [odd]]name] ([id] varchar(36) not null primary key, [ownerId] varchar(36) references [user] ([id]) on delete set null, [mail] nvarchar(255) not null references [user] ([email]) on delete no action, [kind] nvarchar(255) not null, [label] nvarchar(255) not null, [words] nvarchar(max) not null)
create unique index [user_handle_uidx] on [user] ([handle]) where [handle] is not null
create index [session_userId_idx] on [session] ([userId])
create index [odd]]name_label_idx] on [odd]]name] ([label])
create unique index [odd]]name_kind_label_uidx] on [odd]]name] ([kind], [label])
COMMIT TRANSACTION
EXEC sp_releaseapplock @Resource = N'ostiary migration', @LockOwner = 'Session'
