"""The configuration in the words of each room.  Functions of the configuration alone."""

from __future__ import annotations

from pathlib import Path

from sandf.apps.settings import CoverSettings, OffRampSettings, OnRampSettings
from sandf.callcontrol.primitives import HeaderLine
from sandf.causes import Retry
from sandf.config import Configuration, VirtualPort
from sandf.dmsp.settings import RenderingSettings
from sandf.fmsp.settings import FaxSettings
from sandf.mspi.settings import MailClientSettings, MailServerSettings, NoticeSettings, OnRampMailSettings
from sandf.protocols.smtp.settings import Credentials, TlsUse
from sandf.protocols.t4.form import Paper, Resolution
from sandf.protocols.t37.onramp import WithSubject
from sandf.store.schedule import RetrySchedule, Rule
from sandf.vtsp.exchange import VirtualPortSettings
from sandf.vtsp.impairments import Impairments


def offramp(configuration: Configuration) -> OffRampSettings:
    """``[fax.send]``."""
    send, cover = configuration.fax.send, configuration.fax.send.coverpage
    return OffRampSettings(
        transmitting_subscriber=send.transmitting_subscriber,
        header=HeaderLine(left=send.left_header, center=send.center_header, right=send.right_header),
        cover=CoverSettings(
            enable=cover.enable,
            e_mail_controllable=cover.e_mail_controllable,
            show_detail=cover.show_detail,
            comment=cover.comment,
        ),
        max_speed=send.max_speed,
        ecm=configuration.t30.ecm,
        answer_timeout=send.answer_timeout,
    )


def onramp(configuration: Configuration) -> OnRampSettings:
    """``[fax.receive]``, and what ``[smtp.client]`` says of the fax."""
    client = configuration.smtp.client
    return OnRampSettings(
        called_subscriber=configuration.fax.receive.called_subscriber,
        success_fax_only=client.success_fax_only,
        filename=client.filename,
        filename_date=client.filename_date,
        domain=configuration.gateway.hostname,
    )


RESOLUTIONS = {
    "standard": Resolution.STANDARD,
    "fine": Resolution.FINE,
    "superfine": Resolution.SUPERFINE,
    "200": Resolution.INCH_200,
    "300": Resolution.INCH_300,
    "400": Resolution.INCH_400,
}
"""The words of ``[fax.send] resolution``."""


def fax(configuration: Configuration) -> FaxSettings:
    """``[t30]``, and in what form ``[fax.send]`` wants pages."""
    t30, send = configuration.t30, configuration.fax.send
    return FaxSettings(
        send_resolution=RESOLUTIONS[send.resolution],
        send_paper=Paper[send.paper],
        ecm=t30.ecm,
        min_speed=t30.min_speed,
        max_speed=t30.max_speed,
        rtp_share=t30.rtp_share,
        rtn_share=t30.rtn_share,
        longest_bad_run=t30.longest_bad_run,
        rtn_policy=t30.rtn_policy,
        retransmissions=t30.retransmissions,
        repeat_last_page=t30.repeat_last_page,
        dis_tries=t30.dis_tries,
        end_on_unknown_frame=t30.end_on_unknown_frame,
    )


def rendering(configuration: Configuration) -> RenderingSettings:
    """``[rendering]``."""
    limits = configuration.rendering
    return RenderingSettings(
        workers=limits.workers,
        seconds=limits.time_limit,
        memory_bytes=limits.memory_limit,
        pages=limits.page_limit,
        pixels=limits.pixel_limit,
        cache_bytes=limits.cache_limit,
    )


def mail_server(configuration: Configuration) -> MailServerSettings:
    """``[smtp.server]``."""
    server = configuration.smtp.server
    return MailServerSettings(
        hostname=configuration.aliases[0],
        allow=tuple(network.network for network in server.allow),
        maximum_size=server.maximum_size,
        maximum_recipients=server.maximum_recipients,
        recipients_per_message=server.recipients_per_message,
        maximum_connections=server.maximum_connections,
        connections_per_client=server.connections_per_client,
        command_timeout=server.command_timeout,
        data_timeout=server.data_timeout,
        require_tls=server.require_tls,
        require_authentication=server.require_authentication,
    )


def mail_client(configuration: Configuration) -> MailClientSettings:
    """``[smtp.client]``, the transport.  Reads the password file; OSError where that fails."""
    client = configuration.smtp.client
    credentials = None
    if client.user:
        password = Path(client.password_file).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
        credentials = Credentials(username=client.user, password=password)
    return MailClientSettings(
        hostname=configuration.gateway.hostname,
        servers=tuple((server.host, server.port) for server in client.servers),
        tls=TlsUse(client.tls),
        credentials=credentials,
        maximum_connections=client.maximum_connections,
    )


def onramp_mail(configuration: Configuration) -> OnRampMailSettings:
    """``[smtp.client]``, the message."""
    client = configuration.smtp.client
    return OnRampMailSettings(
        hostname=configuration.gateway.hostname,
        postmaster=configuration.postmaster,
        mail_from=client.mail_from,
        return_receipt_to=client.return_receipt_to,
        subject=client.subject,
        with_subject=WithSubject(client.with_subject),
        origin_prefix=client.origin_prefix,
    )


def notices(configuration: Configuration) -> NoticeSettings:
    """Delivery status notifications."""
    return NoticeSettings(hostname=configuration.gateway.hostname, postmaster=configuration.postmaster)


def fax_schedule(configuration: Configuration) -> RetrySchedule:
    """``[retry]``."""
    retry = configuration.retry
    rules = {}
    for row in Retry:
        rule = retry.rule(row)
        if rule is not None:
            rules[row] = Rule(waits=(rule.wait,), most=rule.attempts)
    return RetrySchedule(rules=rules, dials=retry.dials)


def mail_schedule(configuration: Configuration) -> RetrySchedule:
    """``[smtp.client] retry``."""
    client = configuration.smtp.client
    return RetrySchedule(rules={}, otherwise=Rule(waits=client.retry), dials=None, give_up_after=client.give_up_after)


def virtual_ports(configuration: Configuration) -> list[VirtualPortSettings]:
    """``[[ports]]`` of type virtual."""
    return [
        VirtualPortSettings(
            name=port.name,
            speed=port.speed,
            max_conn=port.max_conn,
            impairments=Impairments(
                loss=port.loss,
                delay=port.delay,
                jitter=port.jitter,
                bit_error_rate=port.bit_error_rate,
                seed=port.seed,
            ),
        )
        for port in configuration.ports
        if isinstance(port, VirtualPort)
    ]
