using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dmkd.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Orleans.Connections.Security;

namespace Dmkd.Hosting.Security;

/// <summary>
/// Ends a client's connection at the first message that is not of the form that clients send, before Orleans reads it,
/// with a line in the log and one in the audit.
/// </summary>
internal sealed partial class ClientMessages(
    CallLimits limits,
    IAuditLog audit,
    TimeProvider time,
    ILogger<ClientMessages> logger
)
{
    /// <summary>Looks at everything that comes by a connection; after TLS, before Orleans.</summary>
    public void Check(IConnectionBuilder builder) => builder.Use(next => connection => CheckAsync(connection, next));

    private async Task CheckAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var transport = connection.Transport;
        var holder = HolderOf(connection);
        var input = new CheckedInput(transport.Input, holder is null ? null : new ShownToken(holder).ProblemOf);
        connection.Transport = new CheckedTransport(input, transport.Output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
            if (input.Problem is { } problem)
                await RecordAsync(connection, problem);
        }
    }

    /// <summary>Whose the connection is by its certificate; null without TLS.</summary>
    private static CallerIdentity? HolderOf(ConnectionContext connection) =>
        connection.Features.Get<ITlsConnectionFeature>()?.RemoteCertificate is { } certificate
            ? CertificateSubject.IdentityOf(certificate)
            : null;

    private async Task RecordAsync(ConnectionContext connection, string problem)
    {
        var caller = HolderOf(connection); // also of one whose certificate was taken back since
        if (!limits.TakeRefusal(caller?.ToString() ?? "unknown"))
            return;
        LogRefused(logger, caller?.ToString(), problem);
        await audit.WriteAsync(
            new AuditEntry(
                time.GetUtcNow(),
                caller?.Name ?? "unknown",
                caller is null ? "none" : AccessRoles.NameOf(caller.Role),
                "connection",
                "message",
                connection.RemoteEndPoint?.ToString() ?? "",
                IsAllowed: false,
                problem
            )
        );
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Audit: connection of {Caller} ended for a message that is refused: {Reason}"
    )]
    private static partial void LogRefused(ILogger logger, string? caller, string reason);

    private sealed record CheckedTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

/// <summary>
/// Holds a connection to the name in its certificate: whose token it shows is whose connection it is. A renewed
/// certificate of the same name and role may speak by the old one's connection. Whether a token counts at all is for
/// <see cref="TokenCheck"/>.
/// </summary>
internal sealed class ShownToken(CallerIdentity holder)
{
    private string? _last; // a client shows the same one for minutes

    /// <summary>What is wrong with a token on this connection; null when it is its holder's.</summary>
    public string? ProblemOf(string token)
    {
        if (token == _last)
            return null;
        if (CallerToken.Read(token) is not { } read)
            return "its token cannot be read";
        var named = NamedBy(read.Certificate);
        if (named != holder)
            return $"its token is that of {OneLine.Of(named?.ToString() ?? "nobody")}, its connection that of {holder}";
        _last = token;
        return null;
    }

    private static CallerIdentity? NamedBy(byte[] bytes)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(bytes);
            return CertificateSubject.IdentityOf(certificate);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}

/// <summary>
/// Passes on what comes, and ends in front of the first message that <see cref="WireCheck"/> refuses. Nothing is
/// copied: Orleans makes nothing of a message that has not come whole, and by then it was looked at.
/// </summary>
internal sealed class CheckedInput(PipeReader inner, Func<string, string?>? tokenProblem = null) : PipeReader
{
    private const int GreetingLengthBytes = 4,
        MaxGreetingBytes = 1024;

    private ReadOnlySequence<byte> _given;
    private Part _part = Part.GreetingLength;
    private long _checked; // bytes of what was given last that were looked at
    private int _headerBytes,
        _bodyBytes;

    /// <summary>What comes next that was not looked at.</summary>
    private enum Part
    {
        GreetingLength,
        Greeting,
        Lengths,
        Header,
        Body,
    }

    /// <summary>Why the input ended; null when nothing was refused.</summary>
    public string? Problem { get; private set; }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        Problem is null ? Checked(await inner.ReadAsync(cancellationToken)) : Ended;

    public override bool TryRead(out ReadResult result)
    {
        bool isRead = inner.TryRead(out result);
        if (Problem is not null)
            result = Ended;
        else if (isRead)
            result = Checked(result);
        return isRead || Problem is not null;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (Problem is not null)
            return;
        _checked -= _given.Slice(_given.Start, consumed).Length;
        if (_checked < 0)
            throw new InvalidOperationException("More was taken than was looked at.");
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private static ReadResult Ended => new(ReadOnlySequence<byte>.Empty, isCanceled: false, isCompleted: true);

    private ReadResult Checked(ReadResult read)
    {
        _given = read.Buffer;
        while (Problem is null && Next() is var next && read.Buffer.Length - _checked >= next)
        {
            Problem = Look(read.Buffer.Slice(_checked, next));
            if (Problem is null)
                _checked += next;
        }

        return Problem is null ? read : Ended;
    }

    /// <summary>Bytes of the part that comes next.</summary>
    private int Next() =>
        _part switch
        {
            Part.GreetingLength => GreetingLengthBytes,
            Part.Lengths => WireCheck.LengthBytes,
            Part.Header => _headerBytes,
            _ => _bodyBytes,
        };

    private string? Look(ReadOnlySequence<byte> bytes)
    {
        switch (_part)
        {
            case Part.GreetingLength:
                (_bodyBytes, _part) = (IntegerAt(bytes, 0), Part.Greeting);
                return _bodyBytes is < 1 or > MaxGreetingBytes
                    ? $"a greeting has 1 to {MaxGreetingBytes} bytes, not {_bodyBytes}"
                    : null;
            case Part.Lengths:
                (_headerBytes, _bodyBytes, _part) = (IntegerAt(bytes, 0), IntegerAt(bytes, sizeof(int)), Part.Header);
                return WireCheck.LengthProblem(_headerBytes, _bodyBytes);
            case Part.Header:
                _part = Part.Body;
                return WireCheck.HeaderProblem(bytes, tokenProblem);
            default:
                _part = Part.Lengths;
                return WireCheck.BodyProblem(bytes);
        }
    }

    private static int IntegerAt(ReadOnlySequence<byte> bytes, int place)
    {
        Span<byte> copy = stackalloc byte[sizeof(int)];
        bytes.Slice(place, sizeof(int)).CopyTo(copy);
        return BinaryPrimitives.ReadInt32LittleEndian(copy);
    }
}
