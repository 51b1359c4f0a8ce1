using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Dmkd.Grains.Hosting;

/// <summary>Refusals, and troubles of the database, on their way to the caller.</summary>
internal static class Refusals
{
    /// <summary>Namespace of DMKD's own exceptions.</summary>
    private const string OwnNamespace = "Dmkd";

    /// <summary>Namespace of what PostgreSQL's driver throws: whoever asks must see that a database was away, and ask again.</summary>
    private const string DatabaseNamespace = "Npgsql";

    /// <summary>Lets these exceptions come as they are between processes; Orleans sends those of namespaces that it knows.</summary>
    public static IServiceCollection AddRefusals(this IServiceCollection services) => services.Configure<ExceptionSerializationOptions>(options =>
    {
        options.SupportedNamespacePrefixes.Add(OwnNamespace);
        options.SupportedNamespacePrefixes.Add(DatabaseNamespace);
    });
}
