"""Uploads

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-26 22:24:17.493804

"""
import sqlalchemy as sa
from alembic import op


# revision identifiers, used by Alembic.
revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('contents',
    sa.Column('digest', sa.CHAR(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_contents'))
    )
    with op.batch_alter_table('contents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contents_used_at'), ['used_at'], unique=False)

    op.create_table('uploads',
    sa.Column('id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('owner_id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=True),
    sa.Column('position', sa.SmallInteger(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('content_digest', sa.CHAR(length=64), nullable=False),
    sa.Column('content_size', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('error', sa.String(length=200), nullable=True),
    sa.Column('attempts', sa.SmallInteger(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('blurhash', sa.String(length=64), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('touched_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['content_digest'], ['contents.digest'], name=op.f('fk_uploads_content_digest')),
    sa.ForeignKeyConstraint(['message_id'], ['messages.id'], name=op.f('fk_uploads_message_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_uploads_owner_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_uploads'))
    )
    with op.batch_alter_table('uploads', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_uploads_content_digest'), ['content_digest'], unique=False)
        batch_op.create_index(batch_op.f('ix_uploads_message_id'), ['message_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_uploads_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index('ix_uploads_status', ['status', 'touched_at'], unique=False)

    op.create_table('upload_thumbnails',
    sa.Column('upload_id', sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=8), nullable=False),
    sa.Column('content_digest', sa.CHAR(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['content_digest'], ['contents.digest'], name=op.f('fk_upload_thumbnails_content_digest')),
    sa.ForeignKeyConstraint(['upload_id'], ['uploads.id'], name=op.f('fk_upload_thumbnails_upload_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('upload_id', 'name', name=op.f('pk_upload_thumbnails'))
    )
    with op.batch_alter_table('upload_thumbnails', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_upload_thumbnails_content_digest'), ['content_digest'], unique=False)



def downgrade():
    # An index goes with its table; by itself MariaDB does not give up one that a reference needs.
    op.drop_table('upload_thumbnails')
    op.drop_table('uploads')
    op.drop_table('contents')
