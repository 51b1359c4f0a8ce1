using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Serialization;

namespace Dmkd.Hosting.Clustering;

/// <summary>
/// Most bytes of a message between the cluster's programs. One that is larger ends its connection before it is read
/// into memory.
/// </summary>
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

/// <summary>Refusals, and troubles of the database, on their way to the caller.</summary>
internal static class Refusals
{
    /// <summary>Namespace of DMKD's own exceptions.</summary>
    private const string OwnNamespace = "Dmkd";

    /// <summary>
    /// Namespace of what PostgreSQL's driver throws: whoever asks must see that a database was away, and ask again.
    /// </summary>
    private const string DatabaseNamespace = "Npgsql";

    /// <summary>
    /// Lets these exceptions come as they are between processes; Orleans sends those of namespaces that it knows.
    /// </summary>
    public static IServiceCollection AddRefusals(this IServiceCollection services) =>
        services.Configure<ExceptionSerializationOptions>(options =>
        {
            options.SupportedNamespacePrefixes.Add(OwnNamespace);
            options.SupportedNamespacePrefixes.Add(DatabaseNamespace);
        });
}
