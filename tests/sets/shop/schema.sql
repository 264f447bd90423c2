create table if not exists items (
	id	integer primary key,
	name	text not null,
	stock	integer not null check (stock >= 0)
);
insert into items values (1, 'lamp', 12), (2, 'chair', 4), (3, 'table', 2)
	on conflict do nothing;
