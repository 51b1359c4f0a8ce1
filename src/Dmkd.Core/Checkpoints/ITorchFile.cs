namespace Dmkd.Core.Checkpoints;

/// <summary>A file that <c>torch.save</c> wrote: one pickled object, and the bytes of the storages it names.</summary>
internal interface ITorchFile : IDisposable
{
    /// <summary>What messages call the file.</summary>
    string Name { get; }

    /// <summary>The pickled object; see <see cref="RestrictedUnpickler"/> for its types.</summary>
    object? Root { get; }

    /// <summary>Opens a storage after checking that the file holds exactly the bytes it declares.</summary>
    /// <param name="storage">Storage named by the object.</param>
    /// <param name="user">What messages call the tensor that needs it.</param>
    /// <returns>A stream at the storage's first byte, owned by the caller. Its end is checked by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The storage is missing or of another size.</exception>
    Stream OpenStorage(StorageReference storage, string user);
}
