using System.Threading.RateLimiting;
using Dmkd.Core;
using Microsoft.Extensions.Logging;

namespace Dmkd.Hosting.Security;

/// <summary>
/// Lets in what may be called: every call to every grain of a silo comes through here. Silos are trusted; clients are
/// held to <see cref="AccessTable"/>.
/// </summary>
internal sealed partial class AccessFilter(
    TokenSource own,
    TokenCheck tokens,
    CallLimits limits,
    IAuditLog audit,
    TimeProvider time,
    ILogger<AccessFilter> logger
) : IIncomingGrainCallFilter
{
    private static readonly CallerIdentity Unknown = new("unknown", AccessRole.Reader);

    public Task Invoke(IIncomingGrainCallContext context)
    {
        string? token = RequestContext.Get(CallerToken.Key) as string;
        if (ReferenceEquals(token, own.Current()))
            return context.Invoke(); // within this silo
        if (token is null && IsTick(context))
            return context.Invoke();
        string? problem = "it shows no token; connect with a certificate of this cluster";
        var caller = token is null ? null : tokens.IdentityOf(token, out problem);
        return caller?.Role == AccessRole.Silo ? context.Invoke() : ForClientAsync(context, caller, problem);
    }

    /// <summary>
    /// A timer's tick: its request is the timer itself, which has no form on the wire, so it cannot come from outside
    /// this silo. Orleans sends it past outgoing filters, hence without a token.
    /// </summary>
    private static bool IsTick(IIncomingGrainCallContext context) =>
        context.Request.GetType().FullName!.StartsWith("Orleans.Runtime.GrainTimer", StringComparison.Ordinal);

    private async Task ForClientAsync(IIncomingGrainCallContext context, CallerIdentity? caller, string? problem)
    {
        string call = $"{context.InterfaceMethod.DeclaringType!.Name}.{context.InterfaceMethod.Name}";
        string who = (caller ?? Unknown).ToString();
        if (!limits.Take(who))
        {
            if (limits.TakeRefusal(who))
                LogLimited(logger, caller?.ToString(), call, limits.PerSecond);
            throw new AccessRefusedException(
                $"{caller} makes more than {limits.PerSecond} calls a second; wait a moment."
            );
        }

        var rule = AccessTable.RuleOf(context.InterfaceMethod);
        string? refusal = caller is null
            ? $"{call} is refused to a client: {problem}"
            : AccessRules.ProblemOf(caller, call, rule, context.Request.GetArgument)
                ?? AccessRules.KeyProblem(call, KeyOf(context));
        if (refusal is not null && !limits.TakeRefusal(who))
            throw new AccessRefusedException(
                $"{OneLine.Of(refusal)}. More than {limits.RefusalsPerSecond} such calls a second are not recorded."
            );
        if (rule?.Changes != false || refusal is not null)
            await RecordAsync(context, caller, refusal);
        if (refusal is null)
        {
            RequireFields(context, call);
            await context.Invoke();
            return;
        }

        LogRefused(logger, caller?.ToString(), call, OneLine.Of(KeyOf(context)), OneLine.Of(refusal));
        throw new AccessRefusedException(refusal + ".");
    }

    private static void RequireFields(IIncomingGrainCallContext context, string call)
    {
        if (NullFields.FirstOf(context.InterfaceMethod, context.Request.GetArgument) is { } missing)
            throw new ArgumentException($"{call} needs {missing}, which is missing.");
    }

    private static string KeyOf(IIncomingGrainCallContext context) => context.TargetId.Key.ToString() ?? "";

    /// <summary>Before the call: what cannot be recorded is not done.</summary>
    private async Task RecordAsync(IIncomingGrainCallContext context, CallerIdentity? caller, string? refusal)
    {
        var entry = new AuditEntry(
            time.GetUtcNow(),
            caller?.Name ?? Unknown.Name,
            caller is null ? "none" : AccessRoles.NameOf(caller.Role),
            context.InterfaceMethod.DeclaringType!.Name,
            context.InterfaceMethod.Name,
            OneLine.Of(KeyOf(context)),
            refusal is null,
            refusal is null ? null : OneLine.Of(refusal)
        );
        if (entry.IsAllowed)
            LogAllowed(logger, caller?.ToString(), $"{entry.Grain}.{entry.Method}", entry.Key);
        await audit.WriteAsync(entry);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Audit: {Caller} calls {Call} of {Key}")]
    private static partial void LogAllowed(ILogger logger, string? caller, string call, string key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Audit: {Caller} refused {Call} of {Key}: {Reason}")]
    private static partial void LogRefused(ILogger logger, string? caller, string call, string? key, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Caller} refused {Call}: more than {Limit} calls a second")]
    private static partial void LogLimited(ILogger logger, string? caller, string call, int limit);
}

/// <summary>The cluster refuses a call because of who makes it; the message says who, what and why.</summary>
public sealed class AccessRefusedException(string message) : Exception(message);

/// <summary>
/// How many calls a client may make to this silo: so many a second, and twice as many at once after a pause; of refused
/// ones far fewer are recorded. Owns its timers.
/// </summary>
/// <param name="perSecond">Calls a second, for each identity.</param>
internal sealed class CallLimits(int perSecond) : IDisposable
{
    /// <summary>What a console or a node stays far below.</summary>
    public const int DefaultPerSecond = 200;

    private const int PeriodsPerSecond = 10,
        BurstSeconds = 2,
        CallsPerRefusal = 20;

    private readonly PartitionedRateLimiter<string> _calls = Limiter(perSecond),
        _refusals = Limiter(RefusalsOf(perSecond));

    /// <summary>Calls a second.</summary>
    public int PerSecond => perSecond;

    /// <summary>Refused calls a second that are recorded: each is a line of the log and a row of the audit.</summary>
    public int RefusalsPerSecond => RefusalsOf(perSecond);

    /// <summary>Counts a call; false when it is one too many.</summary>
    public bool Take(string caller) => Take(_calls, caller);

    /// <summary>Counts a refused call; false when it is one too many to be recorded.</summary>
    public bool TakeRefusal(string caller) => Take(_refusals, caller);

    public void Dispose()
    {
        _calls.Dispose();
        _refusals.Dispose();
    }

    private static int RefusalsOf(int calls) => Math.Max(1, calls / CallsPerRefusal);

    private static bool Take(PartitionedRateLimiter<string> limiter, string caller)
    {
        using var lease = limiter.AttemptAcquire(caller);
        return lease.IsAcquired;
    }

    private static PartitionedRateLimiter<string> Limiter(int perSecond) =>
        PartitionedRateLimiter.Create<string, string>(caller =>
            RateLimitPartition.GetTokenBucketLimiter(
                caller,
                _ => new TokenBucketRateLimiterOptions
                {
                    TokenLimit = perSecond * BurstSeconds,
                    TokensPerPeriod = Math.Max(1, perSecond / PeriodsPerSecond),
                    ReplenishmentPeriod = TimeSpan.FromSeconds(1.0 / Math.Min(PeriodsPerSecond, perSecond)),
                    QueueLimit = 0,
                    AutoReplenishment = true,
                }
            )
        );
}
