using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Dmkd.Grains.Hosting;

/// <summary>Refusals on their way to the caller.</summary>
internal static class Refusals
{
    /// <summary>Namespace of DMKD's own exceptions.</summary>
    private const string OwnNamespace = "Dmkd";

    /// <summary>Lets DMKD's exceptions keep their words between processes; Orleans sends those of namespaces that it knows.</summary>
    public static IServiceCollection AddRefusals(this IServiceCollection services) =>
        services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add(OwnNamespace));
}
