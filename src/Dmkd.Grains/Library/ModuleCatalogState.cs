namespace Dmkd.Grains.Library;

/// <summary>Names of a library's modules, in the order they were registered.</summary>
internal sealed class ModuleCatalogState
{
    public List<string> Modules { get; set; } = [];
}
