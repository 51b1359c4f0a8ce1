namespace Dmkd.Grains.Security.Transport;

/// <summary>Why the last connection was refused, for programs that tell a person rather than a log.</summary>
internal sealed class TlsRefusals
{
    private volatile string? _last;

    /// <summary>The reason; null when none was refused.</summary>
    public string? Last
    {
        get => _last;
        set => _last = value;
    }
}
