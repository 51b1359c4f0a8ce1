using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Security.Access;

internal sealed partial class AccessFilter
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Audit: {Caller} calls {Call} of {Key}")]
    private static partial void LogAllowed(ILogger logger, string? caller, string call, string key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Audit: {Caller} refused {Call} of {Key}: {Reason}")]
    private static partial void LogRefused(ILogger logger, string? caller, string call, string? key, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Caller} refused {Call}: more than {Limit} calls a second")]
    private static partial void LogLimited(ILogger logger, string? caller, string call, int limit);
}
