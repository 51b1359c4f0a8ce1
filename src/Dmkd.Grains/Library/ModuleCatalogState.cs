using Dmkd.Contracts.Routing;

namespace Dmkd.Grains.Library;

/// <summary>Names of a library's modules, in the order they were registered, and what its routing was fitted to.</summary>
internal sealed class ModuleCatalogState
{
    public List<string> Modules { get; set; } = [];

    public FittedGate? Gate { get; set; }
}
