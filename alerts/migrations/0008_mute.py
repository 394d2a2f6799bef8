from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0007_people_and_history'),
    ]

    operations = [
        migrations.AlterField(
            model_name='alertevent',
            name='kind',
            field=models.CharField(choices=[('opened', 'opened'), ('reopened', 'reopened'), ('joined', 'joined'), ('updated', 'updated'), ('raised', 'severity raised'), ('severity_changed', 'severity changed'), ('acknowledged', 'acknowledged'), ('unacknowledged', 'acknowledgement taken back'), ('acknowledgement_timed_out', 'acknowledgement ran out'), ('assigned', 'assigned'), ('responder_added', 'responder added'), ('escalated', 'escalated by hand'), ('snoozed', 'snoozed'), ('muted', 'muted until recovered'), ('woken', 'snooze ended'), ('step', 'escalation step'), ('nobody_reached', 'nobody reached'), ('exhausted', 'escalation exhausted'), ('told', 'told'), ('not_told', 'could not be told'), ('note', 'note'), ('merged', 'merged'), ('closed', 'closed')], max_length=30, verbose_name='what happened'),
        ),
    ]
