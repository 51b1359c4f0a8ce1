using Orleans.Configuration;

namespace Dmkd.Grains.Hosting;

/// <summary>Most bytes of a message between the cluster's programs. One that is larger ends its connection before it is read into memory.</summary>
internal static class MessageLimits
{
    /// <summary>Inputs to route and replies about them; updates above 256 KiB do not travel in messages.</summary>
    public const int BodyBytes = 72 << 20;

    /// <summary>Addresses, trace and token.</summary>
    public const int HeaderBytes = 256 << 10;

    /// <summary>Sets the limits.</summary>
    public static void Apply(MessagingOptions options)
    {
        options.MaxMessageBodySize = BodyBytes;
        options.MaxMessageHeaderSize = HeaderBytes;
    }
}
