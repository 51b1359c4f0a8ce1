using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
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

    /// <summary>What surrounds arguments and results in a body.</summary>
    private const int EnvelopeBytes = 4 << 10;

    /// <summary>What a client may send: a silo reads no more of it.</summary>
    public static MaxMessage OfClients { get; } =
        new(Security.WireCheck.MaxBodyBytes - EnvelopeBytes, BodyBytes - EnvelopeBytes);

    /// <summary>What a silo may send.</summary>
    public static MaxMessage OfSilos { get; } = new(BodyBytes - EnvelopeBytes, BodyBytes - EnvelopeBytes);

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

/// <summary>Most bytes of what a program sends.</summary>
/// <param name="CallBytes">Arguments of a call.</param>
/// <param name="ResultBytes">Result of a call.</param>
internal sealed record MaxMessage(long CallBytes, long ResultBytes);

/// <summary>A call or its result is larger than a message may be; says how large, and the limit.</summary>
public sealed class MessageSizeException(string message) : Exception(message);

/// <summary>Adds the limits.</summary>
internal static class MessageSizeExtensions
{
    /// <summary>Holds what a silo sends to a size.</summary>
    public static ISiloBuilder LimitMessages(this ISiloBuilder silo, MaxMessage limits)
    {
        silo.Services.TryAddSingleton(limits);
        return silo.AddOutgoingGrainCallFilter<MessageSizes>().AddIncomingGrainCallFilter<MessageSizes>();
    }

    /// <summary>Holds what a client sends to a size.</summary>
    public static IClientBuilder LimitMessages(this IClientBuilder client, MaxMessage limits)
    {
        client.Services.TryAddSingleton(limits);
        return client.AddOutgoingGrainCallFilter<MessageSizes>();
    }
}
