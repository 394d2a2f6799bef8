import django.db.models.deletion
from django.db import migrations, models

# PostgreSQL may have been built without lz4; then its own way of compressing stays.
COMPRESS_WITH_LZ4 = """
DO $$ BEGIN
    EXECUTE 'ALTER TABLE integrations_inboundmessage ALTER COLUMN body SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$
"""


def compress_with_lz4(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(COMPRESS_WITH_LZ4)


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0004_take_turns'),
        ('integrations', '0002_what_is_in_hand'),
    ]

    operations = [
        migrations.AlterField(
            model_name='inboundmessage',
            name='alert',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='messages', to='alerts.alert', verbose_name='alert'),
        ),
        migrations.AddIndex(
            model_name='inboundmessage',
            index=models.Index(condition=models.Q(('alert__isnull', False)), fields=['alert', '-id'], name='message_alert'),
        ),
        migrations.RunPython(compress_with_lz4, migrations.RunPython.noop),
    ]
