using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;

namespace Dmkd.Chaos.Simulation;

/// <summary>The actors as grains.</summary>
internal sealed class GrainLines(SimulatedActors actors) : StringKeyedGrains
{
    protected override object Line(Type grain, string key)
    {
        if (grain == typeof(INodeGrain))
            return new NodeLine(actors, key);
        if (grain == typeof(IMergeCoordinatorGrain))
            return new CoordinatorLine(actors, key);
        if (grain == typeof(IExpertModuleGrain))
            return new ModuleLine(actors, key);
        if (grain == typeof(IModuleCatalogGrain))
            return new CatalogLine(actors, key);
        if (grain == typeof(ITrainingRunGrain))
            return new RunLine(actors, key);
        if (grain == typeof(IPreservationGrain))
            return new PreservationLine(actors, key);
        if (grain == typeof(IRouterGrain))
            return new RouterLine(actors, key);
        return grain == typeof(ILibraryDirectoryGrain)
            ? new DirectoryLine(actors, key)
            : throw new NotSupportedException($"There is no {grain.Name} in this world.");
    }
}

/// <summary>A grain factory for grains whose keys are texts, as all of the product's are.</summary>
internal abstract class StringKeyedGrains : IGrainFactory
{
    private const string Only = "Grains of this world have texts as keys.";

    protected abstract object Line(Type grain, string key);

    public TGrain GetGrain<TGrain>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrain : IGrainWithStringKey => (TGrain)Line(typeof(TGrain), primaryKey);

    public TGrain GetGrain<TGrain>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrain : IGrainWithGuidKey => throw new NotSupportedException(Only);

    public TGrain GetGrain<TGrain>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrain : IGrainWithIntegerKey => throw new NotSupportedException(Only);

    public TGrain GetGrain<TGrain>(Guid primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrain : IGrainWithGuidCompoundKey => throw new NotSupportedException(Only);

    public TGrain GetGrain<TGrain>(long primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrain : IGrainWithIntegerCompoundKey => throw new NotSupportedException(Only);

    public TObserver CreateObjectReference<TObserver>(IGrainObserver obj)
        where TObserver : IGrainObserver => throw new NotSupportedException(Only);

    public void DeleteObjectReference<TObserver>(IGrainObserver obj)
        where TObserver : IGrainObserver => throw new NotSupportedException(Only);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) => throw new NotSupportedException(Only);

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey) => throw new NotSupportedException(Only);

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => throw new NotSupportedException(Only);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension) =>
        throw new NotSupportedException(Only);

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension) =>
        throw new NotSupportedException(Only);

    public TGrain GetGrain<TGrain>(GrainId grainId)
        where TGrain : IAddressable => throw new NotSupportedException(Only);

    public IAddressable GetGrain(GrainId grainId) => throw new NotSupportedException(Only);

    public IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType) =>
        throw new NotSupportedException(Only);

    public IAddressable GetGrain(Type interfaceType, IdSpan grainKey, string grainClassNamePrefix) =>
        throw new NotSupportedException(Only);

    public IAddressable GetGrain(Type interfaceType, IdSpan grainKey) => throw new NotSupportedException(Only);
}
