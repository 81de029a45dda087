"""Identity and access

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-21 12:31:57.223026

"""
import sqlalchemy as sa
from alembic import op


# revision identifiers, used by Alembic.
revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('audit_events',
    sa.Column('id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('action', sa.String(length=40), nullable=False),
    sa.Column('actor_id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=True),
    sa.Column('target_id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=True),
    sa.Column('address', sa.String(length=45), nullable=False),
    sa.Column('user_agent', sa.String(length=200), nullable=False),
    sa.Column('request_id', sa.String(length=64), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_events'))
    )
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.create_index('ix_audit_events_actor', ['actor_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_events_at'), ['at'], unique=False)
        batch_op.create_index('ix_audit_events_target', ['target_id', 'id'], unique=False)

    op.create_table('plans',
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.Column('requests_per_minute', sa.Integer(), nullable=False),
    sa.Column('tokens_per_day', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_plans'))
    )
    plans = sa.table('plans', sa.column('name'), sa.column('requests_per_minute'), sa.column('tokens_per_day'))
    op.bulk_insert(plans, [
        {'name': 'free', 'requests_per_minute': 1200, 'tokens_per_day': 100_000},
        {'name': 'vip', 'requests_per_minute': 6000, 'tokens_per_day': 2_000_000},
    ])
    op.create_table('api_keys',
    sa.Column('id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('prefix', sa.String(length=16), nullable=False),
    sa.Column('key_hash', sa.CHAR(length=64), nullable=False),
    sa.Column('scopes', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_api_keys_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_keys')),
    sa.UniqueConstraint('key_hash', name=op.f('uq_api_keys_key_hash'))
    )
    with op.batch_alter_table('api_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_keys_user_id'), ['user_id'], unique=False)

    op.create_table('avatars',
    sa.Column('id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_avatars_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_avatars')),
    sa.UniqueConstraint('user_id', name=op.f('uq_avatars_user_id'))
    )
    op.create_table('external_identities',
    sa.Column('id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('provider', sa.String(length=64), nullable=False),
    sa.Column('subject', sa.String(length=255), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_external_identities_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_external_identities')),
    sa.UniqueConstraint('provider', 'subject', name='uq_external_identities_subject')
    )
    with op.batch_alter_table('external_identities', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_external_identities_user_id'), ['user_id'], unique=False)

    op.create_table('one_time_tokens',
    sa.Column('token_hash', sa.CHAR(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=16), nullable=False),
    sa.Column('user_id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('email_key', sa.String(length=254), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_one_time_tokens_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_one_time_tokens'))
    )
    with op.batch_alter_table('one_time_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_one_time_tokens_email_key'), ['email_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_one_time_tokens_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_one_time_tokens_user_id'), ['user_id'], unique=False)

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('email_verified_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('description', sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column('avatar_hue', sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column('plan', sa.String(length=32), server_default='free', nullable=False))
        batch_op.add_column(sa.Column('ban_reason', sa.String(length=500), nullable=True))
        batch_op.alter_column('email',
               existing_type=sa.VARCHAR(length=254),
               nullable=True)
        batch_op.alter_column('email_key',
               existing_type=sa.VARCHAR(length=254),
               nullable=True)
        batch_op.create_foreign_key(batch_op.f('fk_users_plan'), 'plans', ['plan'], ['name'])



def downgrade():
    # Whoever has no address gets one that leads nowhere: the column cannot be empty any more.
    users = sa.table('users', sa.column('id'), sa.column('email', sa.String), sa.column('email_key', sa.String))
    nowhere = sa.cast(users.c.id, sa.String(36)) + '@invalid'
    op.execute(users.update().where(users.c.email.is_(None)).values(email=nowhere, email_key=nowhere))
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_users_plan'), type_='foreignkey')
        batch_op.alter_column('email_key',
               existing_type=sa.VARCHAR(length=254),
               nullable=False)
        batch_op.alter_column('email',
               existing_type=sa.VARCHAR(length=254),
               nullable=False)
        batch_op.drop_column('ban_reason')
        batch_op.drop_column('plan')
        batch_op.drop_column('avatar_hue')
        batch_op.drop_column('description')
        batch_op.drop_column('email_verified_at')

    op.drop_table('one_time_tokens')
    op.drop_table('external_identities')
    op.drop_table('avatars')
    op.drop_table('api_keys')
    op.drop_table('plans')
    op.drop_table('audit_events')
