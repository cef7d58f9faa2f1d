enum PolicyTestsStub {}
