namespace Dmkd.Core.Devices;

/// <summary>A device has no memory for a job. The job is refused; its lane, and the process, live on. The message is one line for a person.</summary>
public sealed class DeviceMemoryException(string message, Exception inner) : Exception(message, inner);
